namespace TokenStream.Broker.Groups;

/// <summary>Counts what all members of all groups have stored here, against <see cref="GroupOptions.MaxMemberBytes"/>.</summary>
internal sealed class MemberBytes(long most)
{
    private long _held;

    public long Held => Interlocked.Read(ref _held);

    /// <summary>
    /// Whether that many bytes more would stay within the bound. Two that ask at once may both be let in; the bound is not exact.
    /// </summary>
    public bool HasRoomFor(long bytes) => Held + bytes <= most;

    public void Add(long bytes) => Interlocked.Add(ref _held, bytes);
}
