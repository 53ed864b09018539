using System.Runtime.InteropServices;
using System.Text;
using TokenStream.Events;
using Xunit;

namespace TokenStream.Tests.Events;

/// <summary>What the decoder reads and what it allocates.</summary>
public sealed unsafe partial class DecoderMemoryTests
{
    private const int PageBytes = 4096;
    private const int NoAccess = 0;
    private const int ReadWrite = 3;
    private const int PrivateAnonymous = 0x22;

    /// <summary>The record ends where a page ends that is followed by one nobody may read: a byte too far would end the process.</summary>
    [Fact]
    public void Nothing_is_read_beyond_the_record_on_either_side()
    {
        const int Room = 4 * PageBytes;
        var memory = (byte*)Map(0, Room + (2 * PageBytes), ReadWrite, PrivateAnonymous, -1, 0);
        Assert.Equal(0, Protect((nint)memory, PageBytes, NoAccess));
        Assert.Equal(0, Protect((nint)memory + PageBytes + Room, PageBytes, NoAccess));
        var room = new Span<byte>(memory + PageBytes, Room);
        var decoder = new EventDecoder(["team"]);
        var source = new EventSource(11);
        UsageEvent e = default;
        var random = new Random(11);
        for (var i = 0; i < 4000; i++)
        {
            var record = i % 2 == 0 ? source.Next() : Mutation.Of(source.Next(), random);
            for (var cut = 0; cut < Math.Min(record.Length, i % 50 == 0 ? record.Length : 3); cut++)
            {
                var kept = record.AsSpan(0, record.Length - cut);
                kept.CopyTo(room[^kept.Length..]);
                decoder.TryDecode(room[^kept.Length..], ref e, out _);
                kept.CopyTo(room);
                decoder.TryDecode(room[..kept.Length], ref e, out _);
            }
        }

        Assert.True(decoder.Predicted > 1000);
        Assert.Equal(0, Unmap((nint)memory, Room + (2 * PageBytes)));
    }

    [Fact]
    public void Decoding_allocates_nothing_whatever_comes()
    {
        var decoder = new EventDecoder(["team", "cost_centre"]);
        var source = new EventSource(12);
        var random = new Random(12);
        byte[][] records =
        [
            .. Enumerable.Range(0, 2000).Select(_ => source.Next()),
            .. Enumerable.Range(0, 2000).Select(_ => Mutation.Of(source.Next(), random)),
            [], [0], Encoding.UTF8.GetBytes(new string('[', 10_000)), Encoding.UTF8.GetBytes(new string('{', 10_000)), new byte[300_000],
        ];
        UsageEvent e = default;
        Decode(decoder, records, ref e);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var round = 0; round < 20; round++)
        {
            Decode(decoder, records, ref e);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static void Decode(EventDecoder decoder, byte[][] records, ref UsageEvent e)
    {
        foreach (var record in records)
        {
            decoder.TryDecode(record, ref e, out _);
        }
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint Map(nint address, nint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int Protect(nint address, nint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(nint address, nint length);
}
