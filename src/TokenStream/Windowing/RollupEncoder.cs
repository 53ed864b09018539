using System.Runtime.InteropServices;
using TokenStream.Pricing;

namespace TokenStream.Windowing;

/// <summary>
/// Writes rollups of one window and part as the value of one record (docs/rollup-format.md): header, table of names, then each key with a
/// bit mask of its measures that are not zero, their values, and its sketches.
/// </summary>
internal sealed class RollupEncoder(NameIndex names, KeyTable keys, PriceBook prices)
{
    /// <summary>First byte of a record that holds rollups.</summary>
    public const byte Kind = (byte)'R';

    public const byte Version = 1;

    /// <summary>A record is full from here on; one more rollup still goes in.</summary>
    public const int TargetBytes = 256 * 1024;

    private readonly BlockBuffer _body = new();
    private readonly BlockBuffer _table = new();
    private readonly BlockBuffer _record = new();
    private readonly Dictionary<long, int> _numbers = [];
    private readonly List<ushort> _buckets = [];
    private readonly List<long> _counts = [];
    private readonly List<byte> _ranks = [];

    public int Count { get; private set; }

    public bool IsFull => _body.Length >= TargetBytes;

    /// <summary>Adds a key's sums; sketches only where <paramref name="sketches"/> says so (provisional values go without).</summary>
    public void Add(WindowTable window, ref Accumulator key, bool sketches)
    {
        Count++;
        ref readonly var ids = ref keys[key.KeyId];
        for (var i = 0; i < KeyIds.Names; i++)
        {
            _body.Unsigned((UInt128)Number(ids[i], isCell: false));
        }

        _body.Unsigned((UInt128)Number(ids[KeyIds.Cell], isCell: true));
        WriteMeasures(window.Measures(key));
        _body.Byte(sketches ? (byte)1 : (byte)0);
        if (sketches)
        {
            WriteHistogram(window, key.LatencyMs);
            WriteHistogram(window, key.TtftMs);
            WriteHistogram(window, key.InputTokens);
            WriteHistogram(window, key.OutputTokens);
            WriteUniques(window, key.Users);
            WriteUniques(window, key.Sessions);
            WriteUniques(window, key.PromptHashes);
        }
    }

    /// <summary>The record's value with everything added since the last call. Valid until the next.</summary>
    public ReadOnlySpan<byte> Finish(RollupBlockHeader header)
    {
        _record.Clear();
        _record.Byte(Kind);
        _record.Byte(Version);
        header.Write(_record);
        _record.Unsigned((UInt128)_numbers.Count);
        _record.Bytes(_table.Written);
        _record.Unsigned((UInt128)Count);
        _record.Bytes(_body.Written);
        _body.Clear();
        _table.Clear();
        _numbers.Clear();
        Count = 0;
        return _record.Written;
    }

    private int Number(int id, bool isCell)
    {
        ref var number = ref CollectionsMarshal.GetValueRefOrAddDefault(_numbers, isCell ? ~(long)id : id, out var exists);
        if (!exists)
        {
            number = _numbers.Count - 1;
            if (isCell)
            {
                _table.Text(prices.CellId(id));
            }
            else
            {
                _table.Text(names.Name(id));
            }
        }

        return number;
    }

    private void WriteMeasures(in RollupMeasures measures)
    {
        Span<Int128> fields = stackalloc Int128[RollupMeasures.FieldCount];
        measures.CopyTo(fields);
        _body.Fields(fields);
    }

    private void WriteHistogram(WindowTable window, int histogram)
    {
        _buckets.Clear();
        _counts.Clear();
        window.ReadHistogram(histogram, _buckets, _counts);
        _body.Unsigned((UInt128)_buckets.Count);
        var last = 0;
        for (var i = 0; i < _buckets.Count; i++)
        {
            _body.Unsigned((UInt128)(_buckets[i] - last));
            _body.Unsigned((UInt128)_counts[i]);
            last = _buckets[i];
        }
    }

    private void WriteUniques(WindowTable window, int sketch)
    {
        _buckets.Clear();
        _ranks.Clear();
        window.ReadUniques(sketch, _buckets, _ranks);
        _body.Unsigned((UInt128)_buckets.Count);
        var last = 0;
        for (var i = 0; i < _buckets.Count; i++)
        {
            _body.Unsigned((UInt128)(_buckets[i] - last));
            _body.Byte(_ranks[i]);
            last = _buckets[i];
        }
    }
}
