namespace TokenStream.Commands;

/// <summary>Orders the commands of one key: the higher epoch wins, within an epoch the higher counter.</summary>
/// <param name="Epoch">Raised by every new owner of the key's partition before it issues anything.</param>
/// <param name="Counter">Raised with every command of the owner.</param>
public readonly record struct CommandVersion(long Epoch, long Counter) : IComparable<CommandVersion>
{
    public int CompareTo(CommandVersion other) => Epoch != other.Epoch ? Epoch.CompareTo(other.Epoch) : Counter.CompareTo(other.Counter);

    public static bool operator <(CommandVersion a, CommandVersion b) => a.CompareTo(b) < 0;

    public static bool operator >(CommandVersion a, CommandVersion b) => a.CompareTo(b) > 0;

    public static bool operator <=(CommandVersion a, CommandVersion b) => a.CompareTo(b) <= 0;

    public static bool operator >=(CommandVersion a, CommandVersion b) => a.CompareTo(b) >= 0;
}
