using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using TokenStream.Budgets;
using TokenStream.Scopes;

namespace TokenStream.Service.Node;

/// <summary>A period that a budget holds on to, in a record.</summary>
internal sealed record HeldPeriodRecord(string Budget, PeriodKind Kind, string TimeZone, int StartDay, int Hours, long UntilMs);

/// <summary>
/// One version of the budgets and the tenant directory as it lies on the budgets topic, under the key <c>budgets/VERSION</c>.
/// </summary>
internal sealed record BudgetRecord
{
    public const string KeyPrefix = "budgets/";

    /// <summary>Format of the record.</summary>
    public int Format { get; init; } = 1;

    public required long Version { get; init; }

    /// <summary><c>apply</c> or <c>rollback</c>.</summary>
    public required string Source { get; init; }

    /// <summary>Who published it.</summary>
    public required string By { get; init; }

    public required DateTimeOffset At { get; init; }

    public required string Reason { get; init; }

    /// <summary>The budgets, as budget files are written.</summary>
    public required string Yaml { get; init; }

    /// <summary>The tenant directory, as directory files are written.</summary>
    public required string Directory { get; init; }

    /// <summary>SHA-256 of <see cref="Yaml"/> and <see cref="Directory"/>: versions of one hash say the same.</summary>
    public required string Hash { get; init; }

    /// <summary>Periods that were running when another one was asked for.</summary>
    public IReadOnlyList<HeldPeriodRecord> Held { get; init; } = [];

    public string Key => KeyPrefix + Version.ToString("D10", CultureInfo.InvariantCulture);

    /// <summary>A record that follows the version in force, without a number yet.</summary>
    public static BudgetRecord Of(
        BudgetDocument budgets, TenantDirectory directory, PublishedBudgets before, string source, string by, string reason,
        DateTimeOffset at)
    {
        var (yaml, tenants) = (BudgetWriter.Write(budgets), DirectoryFile.Write(directory));
        var followed = BudgetTimeline.Follow(before.Set.Budgets, budgets.Budgets, at.ToUnixTimeMilliseconds());
        return new BudgetRecord
        {
            Version = 0,
            Source = source,
            By = by,
            At = at,
            Reason = reason,
            Yaml = yaml,
            Directory = tenants,
            Hash = HashOf(yaml, tenants),
            Held = [.. followed.Where(budget => budget.Held is not null).Select(budget => ToRecord(budget.Name, budget.Held!))],
        };
    }

    public static string HashOf(string yaml, string directory) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{yaml}\n{directory}")));

    /// <exception cref="FormatException">The texts within are broken.</exception>
    public PublishedBudgets ToBudgets()
    {
        var (budgets, directory) = (BudgetFile.Load(Yaml), DirectoryFile.Load(Directory));
        if (budgets.Errors.Concat(directory.Errors).FirstOrDefault() is { } error)
        {
            throw new FormatException($"version {Version} of the budgets is broken: {error}");
        }

        var held = Held.ToDictionary(
            entry => entry.Budget,
            entry => new HeldPeriod(new BudgetPeriod(entry.Kind, entry.TimeZone, entry.StartDay, entry.Hours), entry.UntilMs),
            StringComparer.Ordinal);
        var set = new BudgetSet(
            Version, [.. budgets.Document!.Budgets.Select(budget => budget with { Held = held.GetValueOrDefault(budget.Name) })]);
        return new PublishedBudgets(set, directory.Directory!, budgets.Document.UnpricedBound);
    }

    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, BudgetJson.Default.BudgetRecord);

    /// <exception cref="FormatException">The bytes are not of this format.</exception>
    public static BudgetRecord Parse(ReadOnlySpan<byte> bytes)
    {
        try
        {
            var record = JsonSerializer.Deserialize(bytes, BudgetJson.Default.BudgetRecord);
            return record is { Format: 1 }
                ? record
                : throw new FormatException("the budgets are of a format that this program does not read: upgrade it");
        }
        catch (JsonException failure)
        {
            throw new FormatException($"a record of the budgets topic is damaged: {failure.Message}", failure);
        }
    }

    private static HeldPeriodRecord ToRecord(string budget, HeldPeriod held) =>
        new(budget, held.Period.Kind, held.Period.TimeZone, held.Period.StartDay, held.Period.Hours, held.UntilMs);
}

internal sealed class PeriodKindConverter() : JsonStringEnumConverter<PeriodKind>(
    JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, RespectNullableAnnotations = true,
    Converters = [typeof(PeriodKindConverter)])]
[JsonSerializable(typeof(BudgetRecord))]
internal sealed partial class BudgetJson : JsonSerializerContext;
