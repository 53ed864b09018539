using TokenStream.ClickHouse;
using TokenStream.Kafka;
using TokenStream.Mapping.Sources;
using TokenStream.Service.Governing;

namespace TokenStream.Service.Sources;

/// <summary>The table of what sources send.</summary>
internal static class SourceTables
{
    private const string Columns =
        "minute, node, source, emitter, version, tenant_id, events, standings, refused, default_tenant, omitted_texts";

    public static RecordTable Sources(TopicLayout topics) => new(topics.Sources, "sources_1m", Columns, (_, value, rows) =>
    {
        if (value is null || SourceRecord.Parse(value) is not { } record)
        {
            return false;
        }

        var (emitter, version) = Split(record.Emitter);
        rows.WriteDateTime(record.MinuteMs);
        rows.WriteString(record.Node);
        rows.WriteString(record.Source);
        rows.WriteString(emitter);
        rows.WriteString(version);
        rows.WriteString(record.Tenant);
        rows.WriteUInt64((ulong)record.Events);
        Write(rows, record.Standings);
        Write(rows, record.Refused);
        rows.WriteUInt64((ulong)record.DefaultTenant);
        rows.WriteUInt64((ulong)record.OmittedTexts);
        return true;
    });

    /// <summary>A name and its version. Names may have slashes too; a version begins with a digit, or with one behind a v.</summary>
    internal static (string Name, string Version) Split(string emitter)
    {
        var slash = emitter.LastIndexOf('/');
        var version = emitter[(slash + 1)..];
        return slash >= 0 && version.TrimStart('v') is [>= '0' and <= '9', ..] ? (emitter[..slash], version) : (emitter, "");
    }

    /// <summary>A <c>Map(String, UInt64)</c>.</summary>
    private static void Write(RowBinaryWriter rows, IReadOnlyDictionary<string, long> counts)
    {
        rows.WriteVarUInt((ulong)counts.Count);
        foreach (var (name, count) in counts)
        {
            rows.WriteString(name);
            rows.WriteUInt64((ulong)count);
        }
    }
}
