using System.Runtime.InteropServices;

namespace TokenStream.Kafka.Native;

/// <summary><c>rd_kafka_message_t</c>: its memory belongs to the library until the message is destroyed.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeMessage
{
    public int Error;
    public nint Topic;
    public int Partition;
    public byte* Value;
    public nuint ValueLength;
    public byte* Key;
    public nuint KeyLength;
    public long Offset;
    public nint Opaque;

    /// <summary>An error's text lies where a record's value does.</summary>
    public readonly string ErrorText => Marshal.PtrToStringUTF8((nint)Value) ?? LibRdKafka.Describe(Error);
}

/// <summary><c>rd_kafka_topic_partition_list_t</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeOffsetList
{
    public int Count;
    public int Capacity;
    public NativeOffset* Items;
}

/// <summary><c>rd_kafka_topic_partition_t</c>: the list frees topic and metadata with C's <c>free</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeOffset
{
    public byte* Topic;
    public int Partition;
    public long Offset;
    public byte* Metadata;
    public nuint MetadataLength;
    public nint Opaque;
    public int Error;
    public nint Private;
}

/// <summary><c>rd_kafka_vu_t</c>: one argument of <c>rd_kafka_produceva</c>, a kind and a union of 64 bytes.</summary>
[StructLayout(LayoutKind.Explicit, Size = 72)]
internal unsafe struct NativeVariant
{
    public const int TopicHandle = 2, Partition = 3, Value = 4, Key = 5, Flags = 7, Header = 9;

    [FieldOffset(0)] public int Kind;
    [FieldOffset(8)] public nint Pointer;
    [FieldOffset(8)] public int Number;
    [FieldOffset(16)] public nint Second;
    [FieldOffset(24)] public nint Third;
}

/// <summary>Error codes of librdkafka (negative, its own) and of the protocol that are acted on, from <c>rdkafka.h</c>.</summary>
internal static class NativeError
{
    public const int None = 0;
    public const int OffsetOutOfRange = 1;
    public const int RequestTimedOut = 7;
    public const int CoordinatorLoading = 14;
    public const int CoordinatorNotAvailable = 15;
    public const int NotCoordinator = 16;
    public const int TopicAuthorizationFailed = 29;
    public const int GroupAuthorizationFailed = 30;
    public const int SaslAuthenticationFailed = 58;
    public const int Fatal = -150;
    public const int MaxPollExceeded = -147;
    public const int AutoOffsetReset = -140;
    public const int PartitionEof = -191;
    public const int AllBrokersDown = -187;
    public const int TimedOut = -185;
    public const int QueueFull = -184;
    public const int Authentication = -169;
}
