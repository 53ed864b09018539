using TokenStream.Events;

namespace TokenStream.Mapping.Langfuse;

/// <summary>Adds what a batch tells to what is remembered, and knows which requests the batch made countable.</summary>
internal sealed class LangfuseFolding(LangfusePaths paths, LangfuseMemory memory)
{
    private readonly JsonPathReader _values = new(paths.Names);
    private readonly List<(int IdOffset, int IdLength, LangfuseEntry? Entry, int Item)> _sources = [];
    private readonly List<LangfuseEntry> _due = [];
    private readonly List<LangfuseEntry> _touched = [];
    private ulong _scope;

    /// <summary>The requests whose usage or end the batch told, or told wrongly, in its order.</summary>
    public IReadOnlyList<LangfuseEntry> Due => _due;

    /// <summary>Reads each event of a batch, which is known to be JSON. Those that say nothing are refused at once.</summary>
    /// <param name="scope">Keeps apart what different senders told.</param>
    public void Fold(ReadOnlySpan<byte> payload, in JsonValue batch, ulong scope, MappedEvents events)
    {
        _scope = scope;
        var scanner = new JsonScanner(payload) { At = batch.Offset + 1 };
        while (scanner.Peek() is not ((byte)']' or 0))
        {
            scanner.At += scanner.Peek() == ',' ? 1 : 0;
            scanner.Peek();
            var start = scanner.At;
            if (!_values.TryRead(ref scanner, depth: 1, out var duplicate))
            {
                return;
            }

            FoldEvent(payload, start, duplicate, events);
        }
    }

    /// <summary>The trace of an observation; null where nothing was told of it.</summary>
    public LangfuseEntry? TraceOf(LangfuseEntry entry) =>
        entry[LangfuseEntry.Trace].IsThere ? memory.Find(isTrace: true, _scope, entry[LangfuseEntry.Trace].Bytes) : null;

    /// <summary>Says which event of the batch became part of which item, and forgets the batch.</summary>
    public void End(MappedEvents events)
    {
        foreach (var (offset, length, entry, item) in _sources)
        {
            events.AddSource(new SourceEvent(offset, length, entry is null ? item : entry.ItemIndex));
        }

        foreach (var entry in _touched)
        {
            (entry.ItemIndex, entry.IsDue, entry.Error) = (-1, false, default);
        }

        _sources.Clear();
        _due.Clear();
        _touched.Clear();
    }

    private void FoldEvent(ReadOnlySpan<byte> payload, int start, int duplicate, MappedEvents events)
    {
        var id = _values[paths.EventId].IsText ? _values[paths.EventId] : default;
        var error = MappingReason.None;
        LangfuseEntry? entry = null;
        if (!_values[paths.Type].IsText || _values[paths.Body].Kind != JsonKind.Object)
        {
            error = MappingReason.NotOfThisSource;
        }
        else if (_values[paths.Type].Is(payload, "trace-create"u8))
        {
            FoldTrace(payload);
        }
        else if (IsRequest(payload))
        {
            error = FoldObservation(payload, start, duplicate, out entry);
        }

        var item = -1;
        if (error != MappingReason.None)
        {
            item = events.Count;
            MappedEvents.Refuse(ref events.Add(), events, new MappingError(error, start, "batch"));
        }

        _sources.Add((id.Offset, id.Length, entry, item));
    }

    /// <summary>Spans, tools and scores are no requests to a model, whatever they carry.</summary>
    private bool IsRequest(ReadOnlySpan<byte> payload)
    {
        var type = _values[paths.Type].Of(payload);
        var kind = _values[paths.ObservationType];
        return type.StartsWith("generation-"u8) || type.StartsWith("embedding-"u8)
            || (type.StartsWith("observation-"u8) && (kind.Is(payload, "GENERATION"u8) || kind.Is(payload, "EMBEDDING"u8)));
    }

    private void FoldTrace(ReadOnlySpan<byte> payload)
    {
        if (_values[paths.Id].IsText && NativeEventWriter.IsUsable(payload, in _values[paths.Id]))
        {
            KeepTexts(payload, memory.Of(isTrace: true, _scope, _values[paths.Id].Of(payload), paths.Slots));
        }
    }

    private void KeepTexts(ReadOnlySpan<byte> payload, LangfuseEntry entry)
    {
        var grown = 0;
        for (var slot = 0; slot < paths.Kept.Count; slot++)
        {
            grown += entry.Keep(LangfuseEntry.FirstFree + slot, KeptText.Of(payload, in _values[paths.Kept[slot]]));
        }

        memory.Grown(grown);
    }

    private MappingReason FoldObservation(ReadOnlySpan<byte> payload, int start, int duplicate, out LangfuseEntry? entry)
    {
        // Without an id of its own an observation is named by the event that tells of it, and nothing can be added to it later.
        entry = null;
        ref readonly var id = ref _values[_values[paths.Id].IsText ? paths.Id : paths.EventId];
        if (!id.IsText || !NativeEventWriter.IsUsable(payload, in id))
        {
            return id.IsText ? MappingReason.TextUnusable : MappingReason.MissingField;
        }

        entry = memory.Of(isTrace: false, _scope, id.Of(payload), paths.Slots);
        _touched.Add(entry);
        var error = duplicate >= 0 ? new MappingError(MappingReason.DuplicateField, duplicate, "") : FoldFacts(payload, entry);
        if (error.Reason != MappingReason.None)
        {
            entry.Error = new MappingError(error.Reason, error.Offset == 0 ? start : error.Offset, error.Path);
            MakeDue(entry);
        }

        return MappingReason.None;
    }

    private MappingError FoldFacts(ReadOnlySpan<byte> payload, LangfuseEntry entry)
    {
        var type = _values[paths.Type].Of(payload);
        var model = type.EndsWith("-create"u8) ? LangfuseEntry.Requested : LangfuseEntry.Answered;
        var grown = entry.Keep(LangfuseEntry.Trace, KeptText.Of(payload, in _values[paths.TraceId]))
            + entry.Keep(model, KeptText.Of(payload, in _values[paths.Model]))
            + entry.Keep(LangfuseEntry.Status, KeptText.Beginning(payload, in _values[paths.StatusMessage]));
        memory.Grown(grown);
        KeepTexts(payload, entry);
        entry.IsError = _values[paths.Level].IsText ? _values[paths.Level].Is(payload, "ERROR"u8) : entry.IsError;
        entry.IsEmbedding |= type.StartsWith("embedding-"u8) || _values[paths.ObservationType].Is(payload, "EMBEDDING"u8);
        foreach (var node in paths.MaxTokens)
        {
            // What is no count, as the text "inf" of some SDKs, limits nothing.
            var reason = TokenCount.Read(in _values[node], out var most);
            entry.MaxTokens = reason == MappingReason.None ? most.Or(entry.MaxTokens) : entry.MaxTokens;
        }

        return FoldTimes(payload, entry) is { Reason: not MappingReason.None } refused ? refused : FoldUsage(payload, entry);
    }

    private MappingError FoldTimes(ReadOnlySpan<byte> payload, LangfuseEntry entry)
    {
        foreach (var node in (ReadOnlySpan<int>)[paths.Start, paths.End, paths.FirstToken, paths.Timestamp])
        {
            if (!_values[node].IsThere)
            {
                continue;
            }

            if (!EpochTime.TryRead(payload, in _values[node], out var timeUs))
            {
                return new MappingError(MappingReason.TimeUnusable, _values[node].Offset, paths.Names.Path(node));
            }

            (entry.StartUs, entry.EndUs) = (node == paths.Start ? timeUs : entry.StartUs, node == paths.End ? timeUs : entry.EndUs);
            entry.FirstTokenUs = node == paths.FirstToken ? timeUs : entry.FirstTokenUs;
            entry.TimestampUs = node == paths.Timestamp ? timeUs : entry.TimestampUs;
        }

        if (_values[paths.End].IsThere)
        {
            MakeDue(entry);
        }

        return default;
    }

    /// <summary>The details say more than the older <c>usage</c>, which may count something else than tokens.</summary>
    private MappingError FoldUsage(ReadOnlySpan<byte> payload, LangfuseEntry entry)
    {
        ref readonly var unit = ref _values[paths.Unit];
        var areTokens = !unit.IsText || unit.Is(payload, "TOKENS"u8);
        foreach (var node in (ReadOnlySpan<int>)[paths.UsageDetails, paths.Usage])
        {
            if (node == paths.Usage && !areTokens)
            {
                break;
            }

            var reason = UsageMap.Read(payload, in _values[node], out var usage, out var offset);
            if (reason != MappingReason.None)
            {
                return new MappingError(reason, offset, paths.Names.Path(node));
            }

            if (usage.IsThere)
            {
                entry.Usage = usage;
                MakeDue(entry);
                break;
            }
        }

        return default;
    }

    private void MakeDue(LangfuseEntry entry)
    {
        if (!entry.IsDue)
        {
            entry.IsDue = true;
            _due.Add(entry);
        }
    }
}
