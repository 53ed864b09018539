using System.Globalization;
using System.Security.Cryptography;
using TokenStream.Gateway;

namespace TokenStream.Agent;

/// <summary>A request that was let in and has not ended yet.</summary>
internal struct HeldRequest
{
    public GatewayRequest Request;
    public GatewayDecision Decision;
}

/// <summary>
/// The requests that were let in, by names that nobody can guess. All live equally long, so that the oldest always end first; of a bounded
/// number, and without an allocation for each.
/// </summary>
internal sealed class ReservationBook(int most, TimeSpan lifetime)
{
    private const int ChunkSize = 1_024;
    private const int None = -1;
    private const int NameDigits = 16;

    private readonly Lock _lock = new();
    private readonly List<Slot[]> _chunks = [];
    private readonly long _lifetimeMs = (long)lifetime.TotalMilliseconds;
    private ulong _random = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));
    private int _used;
    private int _free = None;
    private int _oldest = None;
    private int _newest = None;
    private int _count;

    public int Count => Volatile.Read(ref _count);

    /// <summary>Holds a request; where the book is full the oldest makes room, and is handed back.</summary>
    /// <returns>What it is called.</returns>
    public ulong Add(in GatewayRequest request, in GatewayDecision decision, long nowMs, out HeldRequest displaced, out bool isDisplaced)
    {
        lock (_lock)
        {
            isDisplaced = _count >= most;
            displaced = isDisplaced ? Remove(_oldest) : default;
            var at = _free;
            if (at == None)
            {
                at = _used++;
                if (at / ChunkSize == _chunks.Count)
                {
                    _chunks.Add(new Slot[ChunkSize]);
                }
            }
            else
            {
                _free = At(at).Next;
            }

            ref var slot = ref At(at);
            slot.Held.Request = request;
            slot.Held.Decision = decision;
            slot.EndsMs = nowMs + _lifetimeMs;
            slot.Secret = Draw();
            slot.IsTaken = true;
            (slot.Previous, slot.Next) = (_newest, None);
            if (_newest != None)
            {
                At(_newest).Next = at;
            }

            _newest = at;
            _oldest = _oldest == None ? at : _oldest;
            _count++;
            return ((ulong)slot.Secret << 32) | (uint)at;
        }
    }

    /// <summary>Takes a request out; false where there is none of that name, or no longer.</summary>
    public bool TryTake(string name, out HeldRequest held) => TryFind(name, isTaken: true, out held);

    /// <summary>Looks at a request and leaves it.</summary>
    public bool TryFind(string name, out HeldRequest held) => TryFind(name, isTaken: false, out held);

    /// <summary>Takes out the oldest where its time is over.</summary>
    public bool TryExpire(long nowMs, out HeldRequest held)
    {
        lock (_lock)
        {
            var isOver = _oldest != None && At(_oldest).EndsMs <= nowMs;
            held = isOver ? Remove(_oldest) : default;
            return isOver;
        }
    }

    /// <summary>A name as people and programs write it: sixteen hexadecimal digits.</summary>
    public static void Format(ulong id, Span<byte> text) =>
        id.TryFormat(text, out _, "x16", CultureInfo.InvariantCulture);

    public static int NameLength => NameDigits;

    private static bool TryParse(string name, out ulong id)
    {
        id = 0;
        return name.Length == NameDigits && ulong.TryParse(name, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out id) &&
            (id & 0x8000_0000) == 0;
    }

    private bool TryFind(string name, bool isTaken, out HeldRequest held)
    {
        held = default;
        if (!TryParse(name, out var id))
        {
            return false;
        }

        lock (_lock)
        {
            var at = (int)(id & int.MaxValue);
            if (at >= _used || !IsHeld(at, id))
            {
                return false;
            }

            held = isTaken ? Remove(at) : At(at).Held;
            return true;
        }
    }

    private bool IsHeld(int at, ulong id)
    {
        ref var slot = ref At(at);
        return slot.IsTaken && slot.Secret == (uint)(id >> 32);
    }

    private HeldRequest Remove(int at)
    {
        ref var slot = ref At(at);
        var held = slot.Held;
        if (slot.Previous == None)
        {
            _oldest = slot.Next;
        }
        else
        {
            At(slot.Previous).Next = slot.Next;
        }

        if (slot.Next == None)
        {
            _newest = slot.Previous;
        }
        else
        {
            At(slot.Next).Previous = slot.Previous;
        }

        slot = default;
        slot.Next = _free;
        _free = at;
        _count--;
        return held;
    }

    private ref Slot At(int at) => ref _chunks[at / ChunkSize][at % ChunkSize];

    /// <summary>The next of a random sequence (SplitMix64), which begins anew with each process.</summary>
    private uint Draw()
    {
        unchecked
        {
            var mixed = _random += 0x9E37_79B9_7F4A_7C15;
            mixed = (mixed ^ (mixed >> 30)) * 0xBF58_476D_1CE4_E5B9;
            mixed = (mixed ^ (mixed >> 27)) * 0x94D0_49BB_1331_11EB;
            return (uint)((mixed ^ (mixed >> 31)) >> 32);
        }
    }

    private struct Slot
    {
        public HeldRequest Held;
        public long EndsMs;
        public uint Secret;
        public int Previous;
        public int Next;
        public bool IsTaken;
    }
}
