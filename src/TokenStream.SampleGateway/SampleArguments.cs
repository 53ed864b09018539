using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using TokenStream.Gateway;

namespace TokenStream.SampleGateway;

/// <summary>The command line.</summary>
internal sealed class SampleArguments
{
    public string Kafka { get; private set; } = "";

    /// <summary>The file of public keys.</summary>
    public string Keys { get; private set; } = "";

    public string Listen { get; private set; } = "http://127.0.0.1:21400";

    public string Id { get; private set; } = "sample-gateway";

    public OnBlind OnBlind { get; private set; } = OnBlind.Open;

    /// <summary>Between two tokens of a stream.</summary>
    public int PaceMs { get; private set; } = 20;

    public static bool TryRead(string[] args, out SampleArguments arguments, [NotNullWhen(false)] out string? error)
    {
        arguments = new SampleArguments();
        error = null;
        for (var i = 0; i + 1 < args.Length && error is null; i += 2)
        {
            error = arguments.Set(args[i], args[i + 1]) ? null : $"{args[i]} {args[i + 1]} is not understood";
        }

        error ??= args.Length % 2 != 0 ? $"{args[^1]} lacks its value"
            : arguments.Kafka.Length == 0 || arguments.Keys.Length == 0 ? "--kafka HOST:PORT and --keys FILE are needed"
            : null;
        return error is null;
    }

    private bool Set(string name, string value)
    {
        switch (name)
        {
            case "--kafka":
                Kafka = value;
                return true;
            case "--keys":
                Keys = value;
                return true;
            case "--listen":
                Listen = value;
                return true;
            case "--id":
                Id = value;
                return true;
            case "--on-blind":
                var isKnown = Enum.TryParse<OnBlind>(value.Replace("_", "", StringComparison.Ordinal), ignoreCase: true, out var onBlind);
                OnBlind = onBlind;
                return isKnown;
            case "--pace":
                var isNumber = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var pace);
                PaceMs = pace;
                return isNumber;
            default:
                return false;
        }
    }
}
