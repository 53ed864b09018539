using System.Text;
using TokenStream.Windowing;

namespace TokenStream.Simulation.Governing;

/// <summary>What mutations of the ledger make of a spend record before it is read; any other record is left as it is.</summary>
internal sealed class SpendMutator(GovernMutation mutation)
{
    private long _count;

    public ReadOnlySpan<byte> Mutated(byte[] value)
    {
        if (mutation is not (GovernMutation.NoMarks or GovernMutation.Unnumbered or GovernMutation.ProvisionalsAddUp))
        {
            return value;
        }

        var spends = new List<ScopeSpend>();
        var mark = new SpendDecoder().Read(value, spends);
        return mutation switch
        {
            GovernMutation.NoMarks when mark is not null => Encoded([], Header),
            GovernMutation.Unnumbered when mark is not null => Encoded(mark with { Decision = ++_count }),
            GovernMutation.Unnumbered when spends[0].Block.Final => Encoded(spends, spends[0].Block with { Decision = ++_count }),
            GovernMutation.ProvisionalsAddUp when mark is null && !spends[0].Block.Final =>
                Encoded(spends, spends[0].Block with { Part = ++_count }),
            _ => value,
        };
    }

    public static byte[] Encoded(IReadOnlyList<ScopeSpend> spends, RollupBlockHeader header)
    {
        var encoder = new SpendEncoder();
        foreach (var spend in spends)
        {
            encoder.Add(Encoding.UTF8.GetBytes(spend.Scope.Text), spend.EventMs - header.WindowStartMs, spend.Measures);
        }

        return encoder.Finish(header, 1).ToArray();
    }

    public static byte[] Encoded(Mark mark)
    {
        var buffer = new BlockBuffer();
        MarkFormat.Write(mark, buffer);
        return buffer.Written.ToArray();
    }

    private static RollupBlockHeader Header { get; } = new(0, "in", 0, 0, 0, 0, 0, 1, Final: true);
}
