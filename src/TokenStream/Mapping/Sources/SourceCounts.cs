using System.Text;
using TokenStream.Events;

namespace TokenStream.Mapping.Sources;

/// <summary>The counts of one source, emitter and tenant within a minute.</summary>
internal sealed class SourceCounts
{
    private readonly string _source;
    private readonly string _emitter;
    private readonly string _tenant;
    private readonly long[] _standings = new long[Mapping.Standings.Count];
    private readonly long[] _refused = new long[MappingReasons.Count];
    private Dictionary<string, long>? _refusedBefore;
    private long _events;
    private long _failed;
    private long _defaultTenant;
    private long _omittedTexts;

    /// <param name="tenant">As it stands in JSON.</param>
    public SourceCounts(string source, ReadOnlySpan<byte> emitter, ReadOnlySpan<byte> tenant)
    {
        Span<byte> undone = stackalloc byte[EventLimits.TextBytes];
        _source = source;
        _emitter = Encoding.ASCII.GetString(emitter);
        _tenant = TextEscapes.Undo(tenant, undone, strict: true, out var length) == DecodeReason.None
            ? Encoding.UTF8.GetString(undone[..length])
            : Encoding.UTF8.GetString(tenant);
    }

    /// <summary>Whether anything was counted since it was last told.</summary>
    public bool HasChanged { get; set; }

    /// <summary>Items of this minute.</summary>
    public long Total { get; private set; }

    public void Add(in MappedItem item)
    {
        (HasChanged, Total) = (true, Total + 1);
        if (!item.IsEvent)
        {
            _refused[(int)item.Error.Reason]++;
            return;
        }

        _events++;
        if (item is { IsFailed: true, Standing: Standing.Unknown })
        {
            _failed++;
        }
        else
        {
            _standings[(int)item.Standing]++;
        }

        _defaultTenant += item.IsTenantDefault ? 1 : 0;
        _omittedTexts += item.OmittedTexts;
    }

    public void Refuse(string reason)
    {
        (HasChanged, Total) = (true, Total + 1);
        _refusedBefore ??= new Dictionary<string, long>(StringComparer.Ordinal);
        _refusedBefore[reason] = _refusedBefore.GetValueOrDefault(reason) + 1;
    }

    public void Clear()
    {
        (HasChanged, Total, _events, _failed, _defaultTenant, _omittedTexts, _refusedBefore) = (false, 0, 0, 0, 0, 0, null);
        Array.Clear(_standings);
        Array.Clear(_refused);
    }

    public SourceRecord ToRecord(string node, long minuteMs)
    {
        var refused = new Dictionary<string, long>(_refusedBefore ?? [], StringComparer.Ordinal);
        for (var reason = 0; reason < _refused.Length; reason++)
        {
            if (_refused[reason] > 0)
            {
                var name = ((MappingReason)reason).Name();
                refused[name] = refused.GetValueOrDefault(name) + _refused[reason];
            }
        }

        var standings = Enumerable.Range(0, _standings.Length).Where(standing => _standings[standing] > 0)
            .ToDictionary(standing => ((Standing)standing).Name(), standing => _standings[standing]);
        if (_failed > 0)
        {
            standings[SourceRecord.Failed] = _failed;
        }

        return new SourceRecord
        {
            Node = node,
            MinuteMs = minuteMs,
            Source = _source,
            Emitter = _emitter,
            Tenant = _tenant,
            Events = _events,
            Standings = standings,
            Refused = refused,
            DefaultTenant = _defaultTenant,
            OmittedTexts = _omittedTexts,
        };
    }
}
