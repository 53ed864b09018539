using TokenStream.Chdb.Engine;
using Xunit;

namespace TokenStream.IntegrationTests;

/// <summary>
/// A fact about something that a machine may lack. Without it the fact is skipped and says what is missing; where
/// <c>TOKENSTREAM_REQUIRE_ALL=1</c> nothing is skipped, so what is missing fails.
/// </summary>
/// <remarks>
/// Needs are written <c>program:kcat</c> (found on the path), <c>npm:kafkajs</c> (in <c>tests/clients/node_modules</c>),
/// <c>python:confluent_kafka</c> (a module of Debian's python3), <c>variable:TOKENSTREAM_CLIENTS</c> (names something that exists), or
/// <c>engine</c> (the embedded store's library).
/// </remarks>
[AttributeUsage(AttributeTargets.Method)]
public sealed class FactNeedingAttribute : FactAttribute
{
    private static readonly string[] PythonFolders = ["/usr/lib/python3/dist-packages", "/usr/local/lib/python3.11/dist-packages"];

    public FactNeedingAttribute(params string[] needs)
    {
        if (Environment.GetEnvironmentVariable("TOKENSTREAM_REQUIRE_ALL") == "1")
        {
            return;
        }
        var missing = needs.Where(need => !IsThere(need)).ToArray();
        if (missing.Length > 0)
        {
            Skip = $"This machine lacks {string.Join(", ", missing)}.";
        }
    }

    private static bool IsThere(string need) => need.Split(':', 2) switch
    {
        ["engine"] => ChdbLibrary.IsInstalled(),
        ["program", var name] => OnPath(name),
        ["npm", var name] => Directory.Exists(Path.Combine(TestPaths.Clients, "node_modules", name)),
        ["python", var name] => HasPythonModule(name),
        ["variable", var name] => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value && Path.Exists(value),
        _ => throw new ArgumentException($"{need} is not a need that can be looked for.", nameof(need)),
    };

    private static bool OnPath(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, name)));

    private static bool HasPythonModule(string name) =>
        PythonFolders.Any(folder => Directory.Exists(Path.Combine(folder, name)) || File.Exists(Path.Combine(folder, $"{name}.py")));
}
