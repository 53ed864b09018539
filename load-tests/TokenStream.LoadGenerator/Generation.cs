namespace TokenStream.LoadGenerator;

/// <summary>Draws events and repeats: 0.5 % of the records are an exact copy of one of the last two seconds.</summary>
internal sealed class Generation
{
    private readonly EventMix _mix;
    private readonly EventWriter _writer;
    private readonly (byte[] Record, string Tenant)[] _recent;
    private long _number;

    public Generation(int seed, int tenants, long startMs, double perSecond, string run)
    {
        _mix = new EventMix(seed, tenants, startMs, perSecond);
        _writer = new EventWriter(_mix, run);
        _recent = new (byte[], string)[(int)Math.Clamp(perSecond * 2, 1, 200_000)];
    }

    /// <summary>The next record and its tenant; adds what it is to the totals.</summary>
    public (byte[] Record, string Tenant) Next(ExpectedTotals totals)
    {
        if (_number > 0 && _mix.Next(200) == 0)
        {
            totals.AddDuplicate();
            return _recent[_mix.Next((int)Math.Min(_number, _recent.Length))];
        }

        var e = _mix.Draw(_number);
        var record = (_writer.Write(in e), EventWriter.Tenant(in e));
        _recent[_number++ % _recent.Length] = record;
        totals.Add(in e);
        return record;
    }
}
