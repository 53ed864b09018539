using System.Text;
using TokenStream.Pricing;
using TokenStream.Scopes;
using TokenStream.Yaml;
using static TokenStream.Yaml.YamlText;

namespace TokenStream.Budgets;

/// <summary>What came of reading a directory: the directory, or every error of its text.</summary>
internal sealed record DirectoryLoad(TenantDirectory? Directory, IReadOnlyList<TextError> Errors);

/// <summary>
/// Reads and writes the tenant directory: for each tenant the organisation, owner, time zone and alert route from a date, midnight UTC, or
/// an instant on. As strict as <see cref="BudgetFile"/>.
/// </summary>
internal static class DirectoryFile
{
    public static DirectoryLoad Load(string text)
    {
        if (text.Length > BudgetFile.MaxLength)
        {
            return new DirectoryLoad(null, [new TextError(1, 1, $"the text is longer than {BudgetFile.MaxLength} characters")]);
        }

        var errors = new TextErrors();
        List<TenantEntry> entries = [];
        if (YamlTree.Parse(text, "directory", errors) is { } tree)
        {
            errors.NamePaths(tree);
            Read(tree, entries, errors);
        }

        return errors.Any ? new DirectoryLoad(null, errors.ToList()) : new DirectoryLoad(new TenantDirectory(entries), []);
    }

    /// <summary>The text that <see cref="Load"/> reads, in one fixed layout.</summary>
    public static string Write(TenantDirectory directory)
    {
        var text = new StringBuilder();
        var tenant = "";
        foreach (var entry in directory.Entries)
        {
            text.Append(text.Length == 0 ? "tenants:\n" : "");
            if (entry.Tenant != tenant)
            {
                text.Append("  ").Append(Quote(tenant = entry.Tenant)).Append(":\n");
            }

            (string Name, string? Value)[] known =
                [("organisation", entry.Organisation), ("owner", entry.Owner), ("time_zone", entry.TimeZone), ("route", entry.Route)];
            var fields = known.Where(field => field.Value is not null).Select(field => $"{field.Name}: {Quote(field.Value!)}")
                .Prepend($"from: {PriceCell.Time(entry.FromMs)}");
            text.Append("    - {").AppendJoin(", ", fields).Append("}\n");
        }

        return text.Length > 0 ? text.ToString() : "tenants: {}\n";
    }

    private static void Read(YamlTree tree, List<TenantEntry> entries, TextErrors errors)
    {
        if (YamlReader.Open(tree, "the directory", errors) is not { } root)
        {
            return;
        }

        if (root.Value("tenants") is not { } value)
        {
            root.Missing("tenants");
        }
        else if (YamlReader.Open(value, "'tenants'", errors) is { } tenants)
        {
            foreach (var (tenant, _) in tenants.Map.Entries)
            {
                ReadTenant(tenants, tenant, entries);
            }
        }

        root.Close();
    }

    private static void ReadTenant(YamlReader tenants, YamlScalar tenant, List<TenantEntry> entries)
    {
        if (tenant.Text.Length == 0)
        {
            tenants.Error(tenant, "a tenant without a name");
        }

        var seen = new HashSet<long>();
        foreach (var item in tenants.Items(tenant.Text))
        {
            var from = ReadFrom(item);
            var zone = item.Scalar("time_zone");
            if (zone is not null && !PeriodReader.IsZone(zone.Text))
            {
                item.Error(zone, $"'{zone.Text}' is no time zone that this machine knows by its IANA name, such as Europe/Berlin or UTC");
            }

            if (!seen.Add(from))
            {
                item.Error(item.Value("from") ?? item.Map, $"'{tenant.Text}' has another entry from the same instant on");
            }

            entries.Add(new TenantEntry(
                tenant.Text, from, BudgetReader.ReadText(item, "organisation"), BudgetReader.ReadText(item, "owner"), zone?.Text,
                BudgetReader.ReadText(item, "route")));
            item.Close();
        }
    }

    /// <summary>Ever since, where it is absent.</summary>
    private static long ReadFrom(YamlReader item)
    {
        if (item.Scalar("from") is not { } scalar)
        {
            return long.MinValue;
        }

        if (!PriceCell.TryParseTime(scalar.Text, out var timeMs))
        {
            item.Error(
                scalar, $"'{scalar.Text}' is not a date such as 2026-01-01, an instant in UTC such as 2026-01-01T06:00:00Z, or 'ever'");
        }

        return timeMs;
    }
}
