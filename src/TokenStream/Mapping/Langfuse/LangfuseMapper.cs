using TokenStream.Events;

namespace TokenStream.Mapping.Langfuse;

/// <summary>
/// Turns the batches that Langfuse's SDKs of version 2 (and those of JavaScript up to 3) post to <c>/api/public/ingestion</c> into native
/// events. What is told of one generation, in one batch or several, is one request: it becomes an event with the generation's id as soon as
/// its usage or its end is told. A generation that only began becomes none. Depends on the payload, and on what earlier ones told of the
/// same generation and its trace. Never throws, whatever the bytes. One mapper belongs to one thread; several can share what they remember.
/// </summary>
public sealed class LangfuseMapper : IPayloadMapper
{
    private readonly LangfusePaths _paths;
    private readonly JsonPathReader _batch;
    private readonly LangfuseFolding _folding;
    private readonly LangfuseMemory _memory;

    /// <param name="attribution">Where to find who and what for; null for <see cref="DefaultAttribution"/>.</param>
    /// <exception cref="FormatException">A path is none.</exception>
    public LangfuseMapper(AttributionPaths? attribution = null)
        : this(attribution ?? DefaultAttribution, new LangfuseMemory())
    {
    }

    internal LangfuseMapper(AttributionPaths attribution, LangfuseMemory memory)
    {
        _paths = new LangfusePaths(attribution);
        _batch = new JsonPathReader(_paths.BatchNames);
        _memory = memory;
        _folding = new LangfuseFolding(_paths, memory);
        DefaultTenant = Attribution.EncodeTenant(attribution.DefaultTenant);
    }

    /// <summary>Where Langfuse's users put who and what for.</summary>
    public static AttributionPaths DefaultAttribution => LangfusePaths.DefaultAttribution;

    private byte[] DefaultTenant { get; }

    /// <summary>Makes mappers, one for each thread, which share what they remember.</summary>
    public static Func<IPayloadMapper> Sharing(AttributionPaths attribution)
    {
        var memory = new LangfuseMemory();
        return () => new LangfuseMapper(attribution, memory);
    }

    public void Map(in Payload payload, MappedEvents events)
    {
        events.Clear();
        var scanner = new JsonScanner(payload.Body);
        if (payload.Body.Length > MappingLimits.PayloadBytes || scanner.AtEnd())
        {
            var reason = payload.Body.Length > MappingLimits.PayloadBytes ? MappingReason.PayloadTooLarge : MappingReason.EmptyPayload;
            events.RefuseAll(new MappingError(reason, 0, ""));
            return;
        }

        // The whole payload is known to be JSON before anything of it is remembered.
        if (!_batch.TryRead(ref scanner, depth: 0, out var duplicate) || !scanner.AtEnd())
        {
            var reason = scanner.Failure == DecodeReason.TooDeep ? MappingReason.TooDeep : MappingReason.InvalidJson;
            events.RefuseAll(new MappingError(reason, scanner.At, ""));
            return;
        }

        ref readonly var batch = ref _batch[_paths.Batch];
        if (duplicate >= 0 || batch.Kind != JsonKind.Array || IsTooMany(payload.Body, in batch))
        {
            var (reason, at) = duplicate >= 0 ? (MappingReason.DuplicateField, duplicate)
                : batch.Kind != JsonKind.Array ? (MappingReason.NotOfThisSource, 0)
                : (MappingReason.PayloadTooLarge, batch.Offset);
            events.RefuseAll(new MappingError(reason, at, "batch"));
            return;
        }

        NameEmitter(payload.Body, events);
        lock (_memory.Gate)
        {
            _folding.Fold(payload.Body, in batch, StableHash.Hash(payload.Header("authorization"u8)), events);
            foreach (var entry in _folding.Due)
            {
                Write(entry, payload.ReceivedMs, events);
            }

            _folding.End(events);
        }
    }

    private void Write(LangfuseEntry entry, long receivedMs, MappedEvents events)
    {
        entry.ItemIndex = events.Count;
        ref var item = ref events.Add();
        var error = entry.Error;
        if (error.Reason == MappingReason.None)
        {
            var writing = new LangfuseWriting(_paths, entry, _folding.TraceOf(entry), events.Writer);
            error = writing.Write(DefaultTenant, receivedMs, ref item);
        }

        events.End(ref item, error);
    }

    /// <summary>The SDK for Python names itself by its language, others by their product.</summary>
    private void NameEmitter(ReadOnlySpan<byte> payload, MappedEvents events)
    {
        var name = _batch[_paths.SdkName].Of(payload);
        var version = _batch[_paths.SdkVersion];
        events.SetEmitter(
            name.StartsWith("langfuse"u8) && _batch[_paths.SdkName].IsText ? name : "langfuse"u8,
            version.IsText ? version.Of(payload) : default);
    }

    private static bool IsTooMany(ReadOnlySpan<byte> payload, in JsonValue batch)
    {
        // An event of a batch takes more than two bytes.
        if (batch.Length <= MappingLimits.Items * 2)
        {
            return false;
        }

        var scanner = new JsonScanner(payload) { At = batch.Offset + 1 };
        for (var count = 0; scanner.Peek() != ']'; count++)
        {
            scanner.At += scanner.Peek() == ',' ? 1 : 0;
            if (count == MappingLimits.Items || !scanner.TrySkip(depth: 1))
            {
                return true;
            }
        }

        return false;
    }
}
