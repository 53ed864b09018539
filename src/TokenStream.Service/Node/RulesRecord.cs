using System.Text.Json;
using System.Text.Json.Serialization;
using TokenStream.Budgets;
using TokenStream.Pricing;
using TokenStream.Scopes;
using TokenStream.Service.Governing;
using TokenStream.Service.Options;
using TokenStream.Windowing;

namespace TokenStream.Service.Node;

/// <summary>One version of the rules as it lies on the configuration topic, under the key <c>rules/VERSION</c>.</summary>
internal sealed record RulesRecord
{
    public const string KeyPrefix = "rules/";

    /// <summary>Format of the record; 1 knows no scopes and no spend.</summary>
    public int Format { get; init; } = 2;

    public required long Version { get; init; }

    /// <summary>
    /// <c>start</c> where a node published it from its own configuration, <c>apply</c> or <c>rollback</c> where a person did.
    /// </summary>
    public required string Source { get; init; }

    /// <summary>Who published it: user and machine.</summary>
    public required string By { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>The whole price book, as <c>prices</c> files are written.</summary>
    public required string Prices { get; init; }

    public required string PricesHash { get; init; }

    public required IReadOnlyList<string> LabelKeys { get; init; }

    public required long GraceMs { get; init; }

    public required long DuplicateHorizonMs { get; init; }

    public required int RollupsPartitions { get; init; }

    /// <summary>0 in format 1: nothing is said about spend.</summary>
    public int SpendPartitions { get; init; }

    public RulesScopes Scopes { get; init => field = value ?? RulesScopes.None; } = RulesScopes.None;

    /// <summary>The rules a node's own options ask for, without scopes.</summary>
    /// <param name="partitions">The partitions that each topic has.</param>
    public static RulesRecord Of(
        NodeOptions options, PriceBook book, IReadOnlyDictionary<string, int> partitions, string source, DateTimeOffset at) => new()
    {
        Version = 0,
        Source = source,
        By = Actor.UserAndMachine,
        At = at,
        Prices = PriceBookWriter.Write(book.Content),
        PricesHash = book.Hash,
        LabelKeys = options.LabelKeys,
        GraceMs = options.GraceMs,
        DuplicateHorizonMs = options.DuplicateHorizonMs,
        RollupsPartitions = partitions[options.Topics.Rollups],
        SpendPartitions = partitions[options.Topics.Spend],
    };

    /// <summary>
    /// The same rules for the scopes of a budget set. Where patterns, directory and bound are what they were, it is of the
    /// <see cref="SameContent"/> and need not be published.
    /// </summary>
    public RulesRecord With(BudgetSet budgets, TenantDirectory directory, RateSet unpricedBound) =>
        this with { Format = 2, Scopes = RulesScopes.Of(budgets, directory, unpricedBound) };

    /// <summary>Whether windows computed under either come out the same.</summary>
    public bool SameContent(RulesRecord other) =>
        PricesHash == other.PricesHash && LabelKeys.SequenceEqual(other.LabelKeys) && GraceMs == other.GraceMs &&
        DuplicateHorizonMs == other.DuplicateHorizonMs && RollupsPartitions == other.RollupsPartitions &&
        SpendPartitions == other.SpendPartitions && Scopes.SameContent(other.Scopes);

    public AggregateRules ToRules()
    {
        var load = PriceBookLoader.Load(Prices, "published");
        return new AggregateRules
        {
            Version = Version,
            Prices = load.Book ?? throw new FormatException($"version {Version} of the rules holds a broken price book: {load.Errors[0]}"),
            LabelKeys = LabelKeys,
            GraceMs = GraceMs,
            DuplicateHorizonMs = DuplicateHorizonMs,
            RollupsPartitions = RollupsPartitions,
            SpendPartitions = SpendPartitions,
            Scopes = Scopes.ToIndex(),
            BudgetsVersion = Scopes.BudgetsVersion,
            UnpricedBound = Scopes.ToBound(),
        };
    }

    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, RulesJson.Default.RulesRecord);

    /// <exception cref="FormatException">The bytes are not of this format.</exception>
    public static RulesRecord Parse(ReadOnlySpan<byte> bytes)
    {
        try
        {
            var record = JsonSerializer.Deserialize(bytes, RulesJson.Default.RulesRecord);
            return record is { Format: 1 or 2 }
                ? record
                : throw new FormatException("the rules are of a format that this program does not read: upgrade it");
        }
        catch (JsonException failure)
        {
            throw new FormatException($"a record of the configuration topic is damaged: {failure.Message}", failure);
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(RulesRecord))]
internal sealed partial class RulesJson : JsonSerializerContext;
