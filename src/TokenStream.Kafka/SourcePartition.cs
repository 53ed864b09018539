using System.Runtime.InteropServices;
using TokenStream.Runtime;

namespace TokenStream.Kafka;

/// <summary>An assigned partition: where its reading stands, and what was fetched but must not be handed over any more.</summary>
internal sealed unsafe class SourcePartition(TopicPartition partition, long offset, IPartitionReader reader, long bornInCall) : IDisposable
{
    public TopicPartition Partition { get; } = partition;

    public IPartitionReader Reader { get; } = reader;

    /// <summary>The lowest offset that may be handed over next.</summary>
    public long Next { get; set; } = offset;

    public bool Paused { get; set; }

    /// <summary>Whether a commit's outcome is unknown, so that nothing more is committed under this assignment.</summary>
    public bool CommitsEnded { get; set; }

    /// <summary>Whether the client stands elsewhere than <see cref="Next"/>, because records were skipped or a seek waits for the resume.</summary>
    public bool MustSeek { get; set; }

    /// <summary>The end that was reached with no record since; -1 where none.</summary>
    public long EndReached { get; set; } = -1;

    /// <summary>The call into the client during which the partition was assigned: what that call returned may be older than the assignment.</summary>
    public long BornInCall { get; } = bornInCall;

    /// <summary>The call whose remaining records are void, because the reading was moved or paused while they were handed over.</summary>
    public long VoidCall { get; set; } = -1;

    /// <summary>The topic's name for the library, so that asking for watermarks allocates nothing.</summary>
    public byte* NativeTopic { get; private set; } = (byte*)Marshal.StringToCoTaskMemUTF8(partition.Topic);

    public void Dispose()
    {
        Marshal.FreeCoTaskMem((nint)NativeTopic);
        NativeTopic = null;
    }
}
