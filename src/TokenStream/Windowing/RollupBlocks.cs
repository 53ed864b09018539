using System.Globalization;
using System.Text;
using TokenStream.Events;

namespace TokenStream.Windowing;

/// <summary>Splits a window's rollups by rollups partition, i.e. by (environment, tenant), and into records of bounded size.</summary>
internal sealed class RollupBlocks : IDisposable
{
    private readonly NameIndex _names;
    private readonly KeyTable _keys;
    private readonly AggregateRules _rules;
    private readonly RollupBlockHeader _header;
    private readonly RecordWriter _write;
    private readonly RollupEncoder?[] _encoders;
    private readonly byte[] _key;

    public RollupBlocks(NameIndex names, KeyTable keys, AggregateRules rules, RollupBlockHeader header, RecordWriter write)
    {
        (_names, _keys, _rules, _header, _write) = (names, keys, rules, header, write);
        _encoders = new RollupEncoder?[rules.RollupsPartitions];
        _key = Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture, $"{header.Topic}/{header.Partition}/{header.WindowStartMs}/{header.Part}"));
    }

    public void Add(WindowTable window, ref Accumulator key, bool sketches)
    {
        ref readonly var ids = ref _keys[key.KeyId];
        var hash = StableHash.Hash(_names.Name(ids[(int)Dimension.Environment]), _names.Name(ids[(int)Dimension.Tenant]));
        var partition = (int)(hash % (ulong)_encoders.Length);
        var encoder = _encoders[partition] ??= new RollupEncoder(_names, _keys, _rules.Prices);
        encoder.Add(window, ref key, sketches);
        if (encoder.IsFull)
        {
            _write(partition, _key, encoder.Finish(_header));
        }
    }

    public void Dispose()
    {
        for (var partition = 0; partition < _encoders.Length; partition++)
        {
            if (_encoders[partition] is { Count: > 0 } encoder)
            {
                _write(partition, _key, encoder.Finish(_header));
            }
        }
    }
}
