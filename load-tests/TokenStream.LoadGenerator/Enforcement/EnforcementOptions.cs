namespace TokenStream.LoadGenerator.Enforcement;

/// <summary>What a run of <c>enforce</c> does.</summary>
internal sealed record EnforcementOptions
{
    public required string BootstrapServers { get; init; }

    /// <summary>The public keys that commands are signed with, PEM.</summary>
    public required string PublicKeyFile { get; init; }

    public string Topic { get; init; } = "llm.requests";

    public string CommandsTopic { get; init; } = "tokenstream.commands";

    /// <summary>Background events a second.</summary>
    public double Rate { get; init; }

    /// <summary>Tenants of the background, by Zipf's law.</summary>
    public int Tenants { get; init; }

    public double ProbesPerSecond { get; init; }

    public TimeSpan Duration { get; init; }

    /// <summary>Background alone, before the first probe: code is compiled and tables grow.</summary>
    public TimeSpan WarmUp { get; init; }
}
