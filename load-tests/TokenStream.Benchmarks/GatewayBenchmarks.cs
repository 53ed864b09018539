using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using TokenStream.Commands;
using TokenStream.Gateway;
using TokenStream.Pricing;
using TokenStream.Scopes;

namespace TokenStream.Benchmarks;

/// <summary>A gateway's decision about one request, clock and reservation included, by how many commands are in force.</summary>
[MemoryDiagnoser]
public class GatewayBenchmarks : IAsyncDisposable
{
    private readonly TimeProvider _time = TimeProvider.System;
    private TokenStreamGateway _gateway = null!;
    private GatewayRequest _request;
    private GatewayRequest _leased;

    [Params(0, 100, 10_000)]
    public int Commands { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var signer = new CommandSigner(key);
        _gateway = new TokenStreamGateway(
            Options.Create(new TokenStreamGatewayOptions
            {
                BootstrapServers = "127.0.0.1:1",
                PublicKeys = key.ExportSubjectPublicKeyInfoPem(),
                OnBlind = OnBlind.LastKnown,
            }),
            _time,
            NullLogger<TokenStreamGateway>.Instance);
        _gateway.Feed.Begin(1);
        for (var i = 0; i < Commands; i++)
        {
            var command = Command(i);
            _gateway.Feed.Take(0, Encoding.UTF8.GetBytes(command.Key), signer.Sign(command));
        }

        if (Commands > 0)
        {
            GiveLease(signer);
        }

        _gateway.Feed.ReachEnd(0);
        _request = new GatewayRequest
        {
            Tenant = "tenant-5", Environment = "prod", Feature = "chat", Provider = "openai", Model = "gpt-5", TokensIn = 900, MaxTokens = 100,
        };
        _leased = _request with { Tenant = "leased" };
    }

    [GlobalCleanup]
    public async ValueTask DisposeAsync()
    {
        await _gateway.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>The yardstick: reading the fine monotonic clock. A decision reads the coarse one, once.</summary>
    [Benchmark(Baseline = true)]
    public long FineClock() => _time.GetTimestamp();

    [Benchmark]
    public long Clock() => _gateway.Clock.Nanoseconds;

    [Benchmark]
    public bool Decide() => _gateway.Decide(in _request).IsAllowed;

    /// <summary>A request of a leased budget, where there are commands: measured with the default prices, and reserved for.</summary>
    [Benchmark]
    public bool DecideByLease() => _gateway.Decide(in _leased).IsAllowed;

    private void GiveLease(CommandSigner signer)
    {
        Lease(signer, []);
        _gateway.Feed.Show();
        var instance = _gateway.LeaseBook.Table.Report().Single().Instance;
        Lease(signer, [new LeaseSlice("g1", instance, long.MaxValue / 4, long.MaxValue)]);
        var rules = new JsonObject { ["version"] = 1, ["prices"] = PriceBookWriter.Write(DefaultPriceBook.Book.Content) };
        _gateway.LeaseBook.Prices.Take("rules/0000000001", Encoding.UTF8.GetBytes(rules.ToJsonString()));
    }

    private void Lease(CommandSigner signer, IReadOnlyList<LeaseSlice> slices)
    {
        var lease = Command(0) with
        {
            Scope = Scope.Of((ScopeDimension.Tenant, ScopeTerm.Exact("leased"))),
            Source = "lease/one",
            Version = new CommandVersion(1, slices.Count + 1),
            Action = CommandAction.Lease,
            Parameters = new ActionParameters { Slices = slices },
        };
        _gateway.Feed.Take(0, Encoding.UTF8.GetBytes(lease.Key), signer.Sign(lease));
    }

    /// <summary>Tenants, features of tenants and models, and patterns below a tenant: the request meets one of them.</summary>
    private static Command Command(int number)
    {
        var name = number.ToString(CultureInfo.InvariantCulture);
        var tenant = (ScopeDimension.Tenant, ScopeTerm.Exact($"tenant-{name}"));
        return new Command
        {
            Id = name,
            Scope = (number % 4) switch
            {
                0 => Scope.Of(tenant),
                1 => Scope.Of(tenant, (ScopeDimension.Environment, ScopeTerm.Exact("prod"))),
                2 => Scope.Of(tenant, (ScopeDimension.Feature, ScopeTerm.Exact("chat"))),
                _ => Scope.Of(tenant, (ScopeDimension.Model, ScopeTerm.Glob("gpt-4*"))),
            },
            Source = "budget/one",
            Version = new CommandVersion(1, number + 1),
            Action = CommandAction.TrimOutput,
            Parameters = new ActionParameters { MaxOutputTokens = 500 },
            IssuedMs = 0,
            Reason = "because",
        };
    }
}
