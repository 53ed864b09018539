using System.Security.Cryptography;
using TokenStream.Commands;
using TokenStream.Scopes;

namespace TokenStream.Tests.Commands;

/// <summary>Commands with every member, and keys that are for tests alone.</summary>
internal static class CommandSamples
{
    /// <summary>The key of RFC 7515, appendix A.3.1.</summary>
    public static ECDsa RfcKey() => ECDsa.Create(new ECParameters
    {
        Curve = ECCurve.NamedCurves.nistP256,
        Q = new ECPoint
        {
            X = System.Buffers.Text.Base64Url.DecodeFromChars("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"),
            Y = System.Buffers.Text.Base64Url.DecodeFromChars("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"),
        },
        D = System.Buffers.Text.Base64Url.DecodeFromChars("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"),
    });

    public static CommandSigner Signer() => new(RfcKey());

    public static CommandKey PublicKey(ECDsa key) => CommandKey.ReadPublic(key.ExportSubjectPublicKeyInfoPem())[0];

    public static Command Kill { get; } = new()
    {
        Id = "c-7-3",
        Scope = Scope.Of((ScopeDimension.Tenant, ScopeTerm.Exact("acme")), (ScopeDimension.Feature, ScopeTerm.Exact("email-copilot"))),
        Source = "budget/acme-copilot",
        Version = new CommandVersion(7, 3),
        Action = CommandAction.Kill,
        Parameters = new ActionParameters { AbortStreams = true },
        IssuedMs = 1_767_225_600_000,
        ExpiresMs = 1_767_226_500_000,
        Reason = "The budget acme-copilot burns at 20.1 times its speed.",
        Cause = new CommandCause
        {
            Budget = "acme-copilot",
            BudgetSetVersion = 12,
            Trigger = "burn 14.4",
            Spent = Int128.Parse("123450000000000", System.Globalization.CultureInfo.InvariantCulture),
            Limit = Int128.Parse("500000000000000", System.Globalization.CultureInfo.InvariantCulture),
            UnpricedBound = 7,
            BurnRate = 20.125,
            PeriodStartMs = 1_767_225_600_000,
            PeriodEndMs = 1_769_904_000_000,
            ExhaustedAtMs = 1_767_300_000_000,
            SavesPerMinute = 250_000_000_000,
            EventMs = 1_767_225_599_750,
            Offsets = new Dictionary<string, long> { ["llm.requests/1"] = 99, ["llm.requests/0"] = 1234 },
        },
        Ladder = new LadderMemory
        {
            Step = 2,
            SinceMs = 1_767_225_600_000,
            HoldUntilMs = 1_767_226_200_000,
            HoldMs = 600_000,
            ReleasedMs = 1_767_225_000_000,
            Trips = 2,
            DemandAtTrip = 400_000_000_000,
        },
    };

    public static Command Throttle { get; } = new()
    {
        Id = "c-7-4",
        Scope = Scope.Of((ScopeDimension.Organisation, ScopeTerm.Exact("Größe & Co")), (ScopeDimension.Model, ScopeTerm.Glob("gpt-4*"))),
        Source = "manual/k1",
        Version = new CommandVersion(7, 4),
        Action = CommandAction.Throttle,
        Parameters = new ActionParameters { TokensPerMinute = 60_000, RequestsPerMinute = 10 },
        IsProbe = true,
        IssuedMs = 1_767_225_600_001,
        Reason = "says a person",
        RetryAtMs = 1_767_229_200_000,
        Tenants = ["acme", "beta"],
    };

    public static Command Release { get; } = new()
    {
        Id = "c-7-5",
        Scope = Scope.Everything,
        Source = "budget/all",
        Version = new CommandVersion(7, 5),
        Action = CommandAction.None,
        IssuedMs = 1_767_225_600_002,
        Reason = "demand is calm",
    };

    public static Command Lease { get; } = new()
    {
        Id = "l-7-6",
        Scope = Scope.Of((ScopeDimension.Tenant, ScopeTerm.Exact("acme"))),
        Source = "lease/acme",
        Version = new CommandVersion(7, 6),
        Action = CommandAction.Lease,
        Parameters = new ActionParameters
        {
            Slices = [new LeaseSlice("g1", "8f3a", 1_200_000_000_000, 1_767_225_660_003), new LeaseSlice("g2", "11c0", 0, 1_767_225_650_000)],
        },
        IssuedMs = 1_767_225_600_003,
        Reason = "Budget acme is spent from leases.",
        Lease = new LeaseMemory
        {
            Instances = [new LeaseInstance("g1", "8f3a", 800_000_000_000, 1_300_000_000_000, 1_767_225_640_000), new LeaseInstance("g2", "11c0", 0)],
            Recent = [new LeaseSettlement(1_767_225_500_000, 5_000_000), new LeaseSettlement(1_767_225_590_000, 7, IsAssumed: true)],
        },
    };

    public static Heartbeat Heartbeat { get; } = new()
    {
        Partition = 3,
        Version = new CommandVersion(7, 5),
        AtMs = 1_767_225_600_500,
        ActiveCommands = 2,
        ActiveTenants = 40,
        HitTenants = 1,
        IsPaused = true,
    };
}
