using System.Globalization;

namespace TokenStream.IntegrationTests;

/// <summary>When and how often tests kill what they test: another seed, or more of it, by environment variables.</summary>
internal static class CrashPlan
{
    internal static int Seed => Read("TOKENSTREAM_SEED", 1);

    internal static int Crashes => Read("TOKENSTREAM_CRASHES", 3);

    private static int Read(string variable, int usual) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : usual;
}
