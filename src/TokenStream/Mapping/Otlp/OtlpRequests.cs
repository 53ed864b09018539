using System.Runtime.InteropServices;
using TokenStream.Events;

namespace TokenStream.Mapping.Otlp;

/// <summary>
/// The requests that the spans of one payload tell of, each counted once: spans that tell of the same one form a group, for which the
/// surest of them speaks. Filled again and again; its memory is kept.
/// </summary>
internal sealed class OtlpRequests
{
    /// <summary>An id of fewer characters after its prefix may come twice: Ollama counts its answers from 0 to 998.</summary>
    private const int UniqueIdCharacters = 8;

    private const int MostAncestors = 64;

    /// <summary>Most requests between two of a payload that may be one; exporters send 512 spans at once.</summary>
    private const int MostBetweenTwins = 1024;

    private readonly Dictionary<(ulong Id, UInt128 Trace), int> _byResponse = [];
    private readonly Dictionary<int, int> _bySpan = [];
    private readonly List<int> _tries = [];
    private readonly TryOrder _order;
    private OtlpRequest[] _requests = new OtlpRequest[32];
    private Wrapped[] _wrapped = new Wrapped[32];

    public OtlpRequests() => _order = new TryOrder(this);

    public int Count { get; private set; }

    public ref OtlpRequest this[int request] => ref _requests[request];

    public void Clear() => Count = 0;

    public ref OtlpRequest Add(int span)
    {
        if (Count == _requests.Length)
        {
            Array.Resize(ref _requests, Count * 2);
            Array.Resize(ref _wrapped, Count * 2);
        }

        ref var request = ref _requests[Count];
        request = new OtlpRequest { Span = span, Group = Count, NextOfGroup = -1 };
        Count++;
        return ref request;
    }

    public void RemoveLast() => Count--;

    /// <summary>Whether an id of a response is one of its own wherever it comes from.</summary>
    public static bool IsUnique(ReadOnlySpan<byte> id) => id.Length - (id.LastIndexOfAny((byte)'-', (byte)'_') + 1) >= UniqueIdCharacters;

    /// <summary>Finds what tells of the same, by ever weaker signs.</summary>
    public void Group(OtlpTraces traces, ReadOnlySpan<byte> payload)
    {
        GroupByResponse(traces, payload);
        GroupByParent(traces);
        GroupByTime(traces, payload);
        CountTries(traces);
    }

    /// <summary>Spans with one id of a response tell of one request, be they of one trace or not.</summary>
    private void GroupByResponse(OtlpTraces traces, ReadOnlySpan<byte> payload)
    {
        _byResponse.Clear();
        for (var at = 0; at < Count; at++)
        {
            ref readonly var request = ref _requests[at];
            if (!request.ResponseId.IsText || request.IsIdOfSpanOnly || request.Error.Reason != MappingReason.None)
            {
                continue;
            }

            var id = traces.Bytes(payload, in request.ResponseId);
            var trace = IsUnique(id) ? default : traces[request.Span].TraceId;
            ref var first = ref CollectionsMarshal.GetValueRefOrAddDefault(_byResponse, (StableHash.Hash(id), trace), out var isKnown);
            if (!isKnown)
            {
                first = at;
            }
            else if (id.SequenceEqual(traces.Bytes(payload, in _requests[first].ResponseId)))
            {
                Join(first, at);
            }
        }
    }

    /// <summary>
    /// A request around other requests tells of them once more, where its counts are their sum or where it has none; of one alone it is a
    /// second witness.
    /// </summary>
    private void GroupByParent(OtlpTraces traces)
    {
        _bySpan.Clear();
        Array.Clear(_wrapped, 0, Count);
        for (var at = 0; at < Count; at++)
        {
            _bySpan[_requests[at].Span] = at;
        }

        for (var at = 0; at < Count; at++)
        {
            // Of a group the outermost span says what lies around it, which is around all the others, too.
            if (_requests[at].Group == at && Outer(traces, at) is >= 0 and var outer)
            {
                ref var sum = ref _wrapped[_requests[outer].Group];
                sum = new Wrapped(
                    sum.Count + 1, at, sum.TokensIn + _requests[at].Mapped.TokensIn.OrZero,
                    sum.TokensOut + _requests[at].Mapped.TokensOut.OrZero);
            }
        }

        for (var at = 0; at < Count; at++)
        {
            ref var request = ref _requests[at];
            ref readonly var sum = ref _wrapped[at];
            if (sum.Count == 0 || request.Group != at)
            {
                continue;
            }

            var isSame = (sum.TokensIn == request.Mapped.TokensIn.OrZero && sum.TokensOut == request.Mapped.TokensOut.OrZero)
                || !request.HasUsage || request.Emitter.Has(OtlpHabits.IsAroundRequests);
            if (sum.Count == 1 && (isSame || IsSameAsTold(in request, in _requests[sum.Last])))
            {
                Join(at, _requests[sum.Last].Group);
            }
            else if (isSame)
            {
                request.IsDropped = true;
            }
        }
    }

    /// <summary>Whether two tell the same counts, of which one knows what came from the cache beside them and the other does not.</summary>
    private static bool IsSameAsTold(in OtlpRequest one, in OtlpRequest other) =>
        one.Usage.Input.OrZero > 0 && one.Usage.Input == other.Usage.Input && one.Usage.Output.OrZero > 0
        && one.Usage.Output == other.Usage.Output;

    /// <summary>The nearest request around one, of another group; -1 for none.</summary>
    private int Outer(OtlpTraces traces, int request)
    {
        var span = _requests[request].Span;
        for (var step = 0; step < MostAncestors; step++)
        {
            span = traces.Parent(span);
            if (span < 0)
            {
                return -1;
            }

            if (_bySpan.TryGetValue(span, out var outer) && _requests[outer].Group != request)
            {
                return outer;
            }
        }

        return -1;
    }

    /// <summary>
    /// Two instrumentations of one library, or one around a client library that speaks for itself, may tell of a request without any id in
    /// spans that are not within each other: one lies in time within the other, of the same program, for the same model and with the same
    /// end. A client library always has one around it where there is one; of others the counts have to be equal, too, and the place.
    /// </summary>
    private void GroupByTime(OtlpTraces traces, ReadOnlySpan<byte> payload)
    {
        for (var at = 0; at < Count; at++)
        {
            // What ends together is sent together; a payload of thousands is not compared each with each.
            for (var other = Math.Max(0, at - MostBetweenTwins); other < Math.Min(Count, at + MostBetweenTwins) && IsAlone(at); other++)
            {
                if (other != at && IsAlone(other) && IsTwin(traces, payload, other, at) && IsAround(traces, payload, other, at))
                {
                    Join(at, other);
                }
            }
        }
    }

    /// <summary>Numbers the tries of one request: those that failed one after another, and the one that did not.</summary>
    private void CountTries(OtlpTraces traces)
    {
        _tries.Clear();
        for (var at = 0; at < Count; at++)
        {
            if (_requests[at].Emitter.Has(OtlpHabits.TriesAreSiblings) && traces[_requests[at].Span].ParentId != 0)
            {
                _tries.Add(at);
            }
        }

        _order.Traces = traces;
        _tries.Sort(_order);
        for (var at = 1; at < _tries.Count; at++)
        {
            ref readonly var before = ref _requests[_tries[at - 1]];
            ref readonly var earlier = ref traces[before.Span];
            ref var request = ref _requests[_tries[at]];
            ref readonly var span = ref traces[request.Span];
            if (before.IsFailed && earlier.TraceId == span.TraceId && earlier.ParentId == span.ParentId)
            {
                request.Attempt = TokenCount.Of(Math.Max(before.Attempt.OrZero, 1) + 1);
            }
        }
    }

    private bool IsTwin(OtlpTraces traces, ReadOnlySpan<byte> payload, int outer, int inner)
    {
        ref readonly var around = ref _requests[outer];
        ref readonly var within = ref _requests[inner];
        if (within.Emitter.Has(OtlpHabits.IsClientLibrary) || around.Emitter.Has(OtlpHabits.IsClientLibrary))
        {
            return !around.Emitter.Has(OtlpHabits.IsClientLibrary);
        }

        var (one, other) = (traces[around.Span], traces[within.Span]);
        var isOfOneScope = traces.Bytes(payload, traces.Scope(one.Scope).Name)
            .SequenceEqual(traces.Bytes(payload, traces.Scope(other.Scope).Name));
        return !isOfOneScope && one.ParentId == other.ParentId && (one.ParentId == 0 || one.TraceId == other.TraceId)
            && around.Mapped.TokensIn.OrZero > 0 && around.Mapped.TokensIn == within.Mapped.TokensIn
            && around.Mapped.TokensOut == within.Mapped.TokensOut;
    }

    private bool IsAlone(int request) =>
        _requests[request] is { ResponseId.IsText: false, NextOfGroup: -1, IsDropped: false } it && it.Group == request;

    private bool IsAround(OtlpTraces traces, ReadOnlySpan<byte> payload, int outer, int inner)
    {
        ref readonly var around = ref traces[_requests[outer].Span];
        ref readonly var within = ref traces[_requests[inner].Span];
        return around.StartNs <= within.StartNs && within.EndNs <= around.EndNs && around.Resource == within.Resource
            && _requests[outer].Result == _requests[inner].Result && Model(inner) is { IsText: true } asked
            && traces.Bytes(payload, in asked).SequenceEqual(traces.Bytes(payload, Model(outer)));
    }

    private OtlpValue Model(int request) =>
        _requests[request].ModelRequested.IsText ? _requests[request].ModelRequested : _requests[request].Model;

    /// <summary>Makes two groups one, and lets the surest of them speak for it.</summary>
    private void Join(int one, int other)
    {
        var (first, second) = (_requests[one].Group, _requests[other].Group);
        if (first == second)
        {
            return;
        }

        var last = first;
        while (_requests[last].NextOfGroup >= 0)
        {
            last = _requests[last].NextOfGroup;
        }

        _requests[last].NextOfGroup = second;
        for (var at = second; at >= 0; at = _requests[at].NextOfGroup)
        {
            _requests[at].Group = first;
        }
    }

    /// <summary>Who speaks for the group that begins with a request.</summary>
    public int Speaker(int group)
    {
        var best = group;
        for (var at = _requests[group].NextOfGroup; at >= 0; at = _requests[at].NextOfGroup)
        {
            best = IsSurer(in _requests[at], in _requests[best]) ? at : best;
        }

        return best;
    }

    private static bool IsSurer(in OtlpRequest one, in OtlpRequest other)
    {
        if ((one.Error.Reason == MappingReason.None) != (other.Error.Reason == MappingReason.None))
        {
            return one.Error.Reason == MappingReason.None;
        }

        if (one.Mapped.Standing != other.Mapped.Standing)
        {
            return one.Mapped.Standing < other.Mapped.Standing;
        }

        var (left, right) = (Known(in one.Mapped), Known(in other.Mapped));
        return left != right ? left > right
            : one.Emitter.Has(OtlpHabits.IsClientLibrary) && !other.Emitter.Has(OtlpHabits.IsClientLibrary);
    }

    private static int Known(in MappedUsage usage) =>
        (usage.TokensIn.IsKnown ? 1 : 0) + (usage.TokensOut.IsKnown ? 1 : 0) + (usage.Cached.IsKnown ? 1 : 0)
        + (usage.CacheWrite5m.IsKnown ? 1 : 0) + (usage.CacheWrite1h.IsKnown ? 1 : 0) + (usage.Reasoning.IsKnown ? 1 : 0);

    /// <summary>The requests within one, and the sums of their counts.</summary>
    private readonly record struct Wrapped(int Count, int Last, long TokensIn, long TokensOut);

    /// <summary>Children of one parent stand together, in the order of their beginnings, else as they came.</summary>
    private sealed class TryOrder(OtlpRequests requests) : IComparer<int>
    {
        public OtlpTraces? Traces { get; set; }

        public int Compare(int x, int y)
        {
            ref readonly var one = ref Traces![requests[x].Span];
            ref readonly var other = ref Traces[requests[y].Span];
            return one.TraceId != other.TraceId ? one.TraceId.CompareTo(other.TraceId)
                : one.ParentId != other.ParentId ? one.ParentId.CompareTo(other.ParentId)
                : one.StartNs != other.StartNs ? one.StartNs.CompareTo(other.StartNs)
                : x.CompareTo(y);
        }
    }
}
