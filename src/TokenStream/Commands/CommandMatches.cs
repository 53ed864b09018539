namespace TokenStream.Commands;

/// <summary>
/// Room for the commands that match one request, by their ordinal in a <see cref="CommandIndex"/>; kept and used again, so that deciding
/// allocates nothing. Not for several threads at once.
/// </summary>
public sealed class CommandMatches
{
    private int[] _ordinals = new int[16];

    public int Count { get; private set; }

    /// <summary>What was found, in no order.</summary>
    public ReadOnlySpan<int> Ordinals => _ordinals.AsSpan(0, Count);

    public int this[int position] => _ordinals[position];

    internal void Clear() => Count = 0;

    internal void Add(int ordinal)
    {
        if (Count == _ordinals.Length)
        {
            Array.Resize(ref _ordinals, Count * 2);
        }

        _ordinals[Count++] = ordinal;
    }

    /// <summary>The narrowest first.</summary>
    internal void Sort() => _ordinals.AsSpan(0, Count).Sort();

    internal void RemoveAt(int position) => _ordinals[position] = _ordinals[--Count];
}
