using System.Text;
using TokenStream.ClickHouse;
using TokenStream.Commands;
using TokenStream.Kafka;
using TokenStream.Scopes;

namespace TokenStream.Service.Governing;

/// <summary>The tables of people's changes and of commands.</summary>
internal static class GovernTables
{
    private const string AuditColumns = "at, kind, action, subject, changed_by, changed_from, reason, before, after";

    private const string CommandColumns =
        "scope, source, id, epoch, counter, action, parameters, probe, issued_at, expires_at, reason, tenant_id, budget, budget_set_version, " +
        "trigger, unit, spent, spend_limit, saves_per_minute, burn_rate, event_at";

    public static RecordTable Audit(TopicLayout topics) => new(topics.Audit, "audit_records", AuditColumns, (_, value, rows) =>
        WriteChange(value is null ? null : AuditRecord.Parse(value), rows));

    /// <param name="verifier">What it does not believe is no command and has no row; heartbeats and leases, renewed each second, have none either.</param>
    public static RecordTable Commands(TopicLayout topics, CommandVerifier verifier) =>
        new(topics.Commands, "command_records", CommandColumns, (key, value, rows) =>
        {
            // Heartbeats and leases are by far the most: their signatures need not be verified to be left out.
            if (key.AsSpan().StartsWith("heartbeat/"u8) || key.AsSpan().IndexOf("|lease/"u8) >= 0 ||
                verifier.TryVerify(key, value, out var record) != CommandRefusal.None || record.Command is not { } command)
            {
                return false;
            }

            WriteCommand(command, rows);
            return true;
        });

    private static bool WriteChange(AuditRecord? record, RowBinaryWriter rows)
    {
        if (record is null)
        {
            return false;
        }

        rows.WriteTime(record.AtMs);
        rows.WriteString(record.Kind.ToString().ToLowerInvariant());
        rows.WriteString(record.Action);
        rows.WriteString(record.Subject);
        rows.WriteString(record.By);
        rows.WriteString(record.From);
        rows.WriteString(record.Reason);
        rows.WriteString(record.Before);
        rows.WriteString(record.After);
        return true;
    }

    private static void WriteCommand(Command command, RowBinaryWriter rows)
    {
        var cause = command.Cause;
        rows.WriteString(command.Scope.Text);
        rows.WriteString(command.Source);
        rows.WriteString(command.Id);
        rows.WriteInt64(command.Version.Epoch);
        rows.WriteInt64(command.Version.Counter);
        rows.WriteString(PeopleRequests.Name(command.Action));
        rows.WriteString(Encoding.UTF8.GetString(CommandFormat.WriteParameters(command.Parameters)));
        rows.WriteByte(command.IsProbe ? (byte)1 : (byte)0);
        rows.WriteTime(command.IssuedMs);
        rows.WriteTime(command.ExpiresMs);
        rows.WriteString(command.Reason);
        rows.WriteString(command.Scope[ScopeDimension.Tenant] is { Kind: ScopeTermKind.Exact } tenant ? tenant.Text : "");
        rows.WriteString(cause?.Budget ?? "");
        rows.WriteInt64(cause?.BudgetSetVersion ?? 0);
        rows.WriteString(cause?.Trigger ?? "");
        rows.WriteString(cause is null ? "" : cause.IsTokens ? "tokens" : "picodollars");
        rows.WriteInt128(cause?.Spent ?? 0);
        rows.WriteInt128(cause?.Limit ?? 0);
        rows.WriteInt128(cause?.SavesPerMinute ?? 0);
        rows.WriteNumber(cause?.BurnRate);
        rows.WriteTime(cause is null ? null : cause.EventMs);
    }
}
