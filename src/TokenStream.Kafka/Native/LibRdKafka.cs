using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;

namespace TokenStream.Kafka.Native;

/// <summary>
/// The functions of librdkafka that the managed client does not offer: batches of messages in the library's own memory, offsets with
/// metadata, and producing without an object a record. Signatures from librdkafka 2.15's <c>rdkafka.h</c>.
/// </summary>
internal static unsafe partial class LibRdKafka
{
    private const string Library = "librdkafka";

    static LibRdKafka() => NativeLibrary.SetDllImportResolver(typeof(LibRdKafka).Assembly, Resolve);

    [LibraryImport(Library)]
    public static partial nint rd_kafka_queue_get_consumer(nint client);

    [LibraryImport(Library)]
    public static partial nint rd_kafka_queue_new(nint client);

    [LibraryImport(Library)]
    public static partial void rd_kafka_queue_destroy(nint queue);

    [LibraryImport(Library)]
    public static partial nint rd_kafka_queue_poll(nint queue, int timeoutMs);

    [LibraryImport(Library)]
    public static partial void rd_kafka_event_destroy(nint received);

    [LibraryImport(Library)]
    public static partial int rd_kafka_event_error(nint received);

    [LibraryImport(Library)]
    public static partial nint rd_kafka_event_opaque(nint received);

    [LibraryImport(Library)]
    public static partial NativeOffsetList* rd_kafka_event_topic_partition_list(nint received);

    [LibraryImport(Library)]
    public static partial nint rd_kafka_consume_batch_queue(nint queue, int timeoutMs, NativeMessage** messages, nuint capacity);

    [LibraryImport(Library), SuppressGCTransition]
    public static partial void rd_kafka_message_destroy(NativeMessage* message);

    [LibraryImport(Library), SuppressGCTransition]
    public static partial long rd_kafka_message_timestamp(NativeMessage* message, int* type);

    [LibraryImport(Library)]
    public static partial int rd_kafka_message_headers(NativeMessage* message, nint* headers);

    [LibraryImport(Library)]
    public static partial int rd_kafka_header_get_all(nint headers, nuint index, byte** name, byte** value, nuint* length);

    [LibraryImport(Library)]
    public static partial byte* rd_kafka_topic_name(nint topic);

    [LibraryImport(Library)]
    public static partial int rd_kafka_get_watermark_offsets(nint client, byte* topic, int partition, long* low, long* high);

    [LibraryImport(Library)]
    public static partial int rd_kafka_assignment_lost(nint client);

    [LibraryImport(Library)]
    public static partial NativeOffsetList* rd_kafka_topic_partition_list_new(int size);

    [LibraryImport(Library)]
    public static partial void rd_kafka_topic_partition_list_destroy(NativeOffsetList* list);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial NativeOffset* rd_kafka_topic_partition_list_add(NativeOffsetList* list, string topic, int partition);

    [LibraryImport(Library)]
    public static partial int rd_kafka_committed(nint client, NativeOffsetList* offsets, int timeoutMs);

    [LibraryImport(Library)]
    public static partial int rd_kafka_commit_queue(
        nint client, NativeOffsetList* offsets, nint queue, delegate* unmanaged[Cdecl]<nint, int, NativeOffsetList*, void*, void> done,
        void* opaque);

    [LibraryImport(Library)]
    public static partial nint rd_kafka_conf_new();

    [LibraryImport(Library)]
    public static partial void rd_kafka_conf_destroy(nint configuration);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int rd_kafka_conf_set(nint configuration, string name, string value, byte* error, nuint errorSize);

    [LibraryImport(Library)]
    public static partial void rd_kafka_conf_set_opaque(nint configuration, nint opaque);

    [LibraryImport(Library)]
    public static partial nint rd_kafka_opaque(nint client);

    [LibraryImport(Library)]
    public static partial void rd_kafka_conf_set_dr_msg_cb(
        nint configuration, delegate* unmanaged[Cdecl]<nint, NativeMessage*, nint, void> delivered);

    [LibraryImport(Library)]
    public static partial void rd_kafka_conf_set_error_cb(
        nint configuration, delegate* unmanaged[Cdecl]<nint, int, byte*, nint, void> failed);

    [LibraryImport(Library)]
    public static partial void rd_kafka_conf_set_log_cb(nint configuration, delegate* unmanaged[Cdecl]<nint, int, byte*, byte*, void> log);

    [LibraryImport(Library)]
    public static partial nint rd_kafka_new(int type, nint configuration, byte* error, nuint errorSize);

    [LibraryImport(Library)]
    public static partial void rd_kafka_destroy(nint client);

    [LibraryImport(Library)]
    public static partial int rd_kafka_poll(nint client, int timeoutMs);

    [LibraryImport(Library)]
    public static partial int rd_kafka_flush(nint client, int timeoutMs);

    [LibraryImport(Library)]
    public static partial int rd_kafka_purge(nint client, int flags);

    [LibraryImport(Library)]
    public static partial int rd_kafka_outq_len(nint client);

    [LibraryImport(Library)]
    public static partial int rd_kafka_fatal_error(nint client, byte* error, nuint errorSize);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint rd_kafka_topic_new(nint client, string topic, nint configuration);

    [LibraryImport(Library)]
    public static partial void rd_kafka_topic_destroy(nint topic);

    [LibraryImport(Library)]
    public static partial int rd_kafka_produce(
        nint topic, int partition, int flags, byte* value, nuint valueLength, byte* key, nuint keyLength, nint opaque);

    [LibraryImport(Library)]
    public static partial nint rd_kafka_produceva(nint client, NativeVariant* arguments, nuint count);

    [LibraryImport(Library)]
    public static partial int rd_kafka_error_code(nint error);

    [LibraryImport(Library)]
    public static partial void rd_kafka_error_destroy(nint error);

    [LibraryImport(Library)]
    public static partial int rd_kafka_last_error();

    [LibraryImport(Library)]
    public static partial byte* rd_kafka_err2str(int error);

    /// <summary>What an error code of the library means.</summary>
    public static string Describe(int error) => Marshal.PtrToStringUTF8((nint)rd_kafka_err2str(error)) ?? "unknown error";

    /// <summary>
    /// The managed client tries several names of its native half and takes the first that works; handles of one must never reach another.
    /// So ours is whatever file it has loaded.
    /// </summary>
    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? searchPath)
    {
        if (name != Library)
        {
            return 0;
        }

        Confluent.Kafka.Library.Load();
        using var process = Process.GetCurrentProcess();
        foreach (ProcessModule module in process.Modules)
        {
            if (Path.GetFileName(module.FileName).Contains("rdkafka", StringComparison.Ordinal))
            {
                return NativeLibrary.Load(module.FileName);
            }
        }

        throw new DllNotFoundException("The Kafka client is loaded, but none of the process's modules is librdkafka.");
    }
}
