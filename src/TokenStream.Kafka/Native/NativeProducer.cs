using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Extensions.Logging;
using TokenStream.Runtime;

namespace TokenStream.Kafka.Native;

/// <summary>
/// A producer of librdkafka's own: records are copied into the library's memory, and their outcomes are counted, without an object a record.
/// Outcomes are delivered on the calling thread, inside <see cref="Serve"/> and <see cref="Flush"/>. One thread at a time.
/// </summary>
internal sealed unsafe class NativeProducer : IDisposable
{
    private const int ProducerType = 0;
    private const int CopyFlag = 2;
    private const int PurgeQueuedAndInFlight = 3;
    private const int ErrorTextBytes = 512;

    private readonly string _clientId;
    private readonly ILogger _logger;
    private readonly Dictionary<string, nint> _topics = new(StringComparer.Ordinal);
    private readonly nint _client;
    private GCHandle _self;
    private string? _lastError;

    public NativeProducer(IReadOnlyDictionary<string, string> properties, string clientId, ILogger logger)
    {
        _clientId = clientId;
        _logger = logger;
        _self = GCHandle.Alloc(this);
        var configuration = Configure(properties);
        LibRdKafka.rd_kafka_conf_set_opaque(configuration, GCHandle.ToIntPtr(_self));
        LibRdKafka.rd_kafka_conf_set_dr_msg_cb(configuration, &Delivered);
        LibRdKafka.rd_kafka_conf_set_error_cb(configuration, &Failed);
        LibRdKafka.rd_kafka_conf_set_log_cb(configuration, &Logged);
        var error = stackalloc byte[ErrorTextBytes];
        _client = LibRdKafka.rd_kafka_new(ProducerType, configuration, error, ErrorTextBytes);
        if (_client == 0)
        {
            LibRdKafka.rd_kafka_conf_destroy(configuration);
            _self.Free();
            throw new InvalidOperationException($"the Kafka producer {clientId} cannot be made: {Text(error)}");
        }
    }

    /// <summary>Records acknowledged since it was opened.</summary>
    public long Acknowledged { get; private set; }

    /// <summary>Records refused, or given up after the time-out, since it was opened.</summary>
    public long Refused { get; private set; }

    /// <summary>Why the last record was refused.</summary>
    public string? Refusal { get; private set; }

    /// <summary>What the brokers' connections said last.</summary>
    public string? LastError => _lastError;

    /// <summary>Records whose outcome is not known yet.</summary>
    public int Outstanding => LibRdKafka.rd_kafka_outq_len(_client);

    /// <summary>Why this producer cannot go on; null where it can.</summary>
    public string? Fatal
    {
        get
        {
            var text = stackalloc byte[ErrorTextBytes];
            return LibRdKafka.rd_kafka_fatal_error(_client, text, ErrorTextBytes) == NativeError.None ? null : Text(text);
        }
    }

    /// <summary>Puts a record into the buffer. Returns <see cref="NativeError.None"/>, or why it was not taken.</summary>
    public int Produce(TopicPartition partition, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, bool isDeletion = false)
    {
        fixed (byte* keyBytes = key, valueBytes = value)
        {
            // A null pointer is a null value, which compaction takes for a deletion; an empty value is not null.
            byte empty;
            var taken = LibRdKafka.rd_kafka_produce(
                Topic(partition.Topic),
                partition.Partition,
                CopyFlag,
                isDeletion ? null : valueBytes is null ? &empty : valueBytes,
                (nuint)value.Length,
                keyBytes,
                (nuint)key.Length,
                0);
            return taken == 0 ? NativeError.None : LibRdKafka.rd_kafka_last_error();
        }
    }

    /// <summary>The same with headers; for records that are rare.</summary>
    public int Produce(TopicPartition partition, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, IReadOnlyList<RecordHeader> headers)
    {
        const int Fixed = 5;
        var arguments = stackalloc NativeVariant[Fixed + headers.Count];
        fixed (byte* keyBytes = key, valueBytes = value)
        {
            byte empty;
            var valuePointer = valueBytes is null ? &empty : valueBytes;
            arguments[0] = new NativeVariant { Kind = NativeVariant.TopicHandle, Pointer = Topic(partition.Topic) };
            arguments[1] = new NativeVariant { Kind = NativeVariant.Partition, Number = partition.Partition };
            arguments[2] = new NativeVariant { Kind = NativeVariant.Flags, Number = CopyFlag };
            arguments[3] = new NativeVariant { Kind = NativeVariant.Key, Pointer = (nint)keyBytes, Second = key.Length };
            arguments[4] = new NativeVariant { Kind = NativeVariant.Value, Pointer = (nint)valuePointer, Second = value.Length };
            for (var i = 0; i < headers.Count; i++)
            {
                var text = headers[i].Value;
                arguments[Fixed + i] = new NativeVariant
                {
                    Kind = NativeVariant.Header,
                    Pointer = Marshal.StringToCoTaskMemUTF8(headers[i].Name),
                    Second = Marshal.StringToCoTaskMemUTF8(text),
                    Third = Encoding.UTF8.GetByteCount(text),
                };
            }

            var error = LibRdKafka.rd_kafka_produceva(_client, arguments, (nuint)(Fixed + headers.Count));
            for (var i = 0; i < headers.Count; i++)
            {
                Marshal.FreeCoTaskMem(arguments[Fixed + i].Pointer);
                Marshal.FreeCoTaskMem(arguments[Fixed + i].Second);
            }

            if (error == 0)
            {
                return NativeError.None;
            }

            var code = LibRdKafka.rd_kafka_error_code(error);
            LibRdKafka.rd_kafka_error_destroy(error);
            return code;
        }
    }

    /// <summary>Takes in the outcomes that are known, waiting at most so long for the first.</summary>
    public void Serve(TimeSpan wait) => _ = LibRdKafka.rd_kafka_poll(_client, (int)wait.TotalMilliseconds);

    /// <summary>Sends what is buffered and waits for its outcomes; false where the time was over first.</summary>
    public bool Flush(TimeSpan wait) => LibRdKafka.rd_kafka_flush(_client, (int)wait.TotalMilliseconds) == NativeError.None;

    /// <summary>Forgets every record without an outcome; they are counted as refused.</summary>
    public void Purge()
    {
        _ = LibRdKafka.rd_kafka_purge(_client, PurgeQueuedAndInFlight);
        _ = LibRdKafka.rd_kafka_poll(_client, 0);
    }

    public void Dispose()
    {
        if (!_self.IsAllocated)
        {
            return;
        }

        foreach (var topic in _topics.Values)
        {
            LibRdKafka.rd_kafka_topic_destroy(topic);
        }

        _ = LibRdKafka.rd_kafka_purge(_client, PurgeQueuedAndInFlight);
        LibRdKafka.rd_kafka_destroy(_client);
        _self.Free();
    }

    private static nint Configure(IReadOnlyDictionary<string, string> properties)
    {
        var configuration = LibRdKafka.rd_kafka_conf_new();
        var error = stackalloc byte[ErrorTextBytes];
        foreach (var (name, value) in properties)
        {
            if (LibRdKafka.rd_kafka_conf_set(configuration, name, value, error, ErrorTextBytes) != 0)
            {
                LibRdKafka.rd_kafka_conf_destroy(configuration);
                // The text names the property; its value may be a secret and is not repeated.
                throw new InvalidOperationException($"kafka: the property {name} was not accepted by the Kafka client.");
            }
        }

        return configuration;
    }

    private static string Text(byte* text) => Marshal.PtrToStringUTF8((nint)text) ?? string.Empty;

    private static NativeProducer Self(nint opaque) => (NativeProducer)GCHandle.FromIntPtr(opaque).Target!;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Delivered(nint client, NativeMessage* message, nint opaque)
    {
        var self = Self(opaque);
        if (message->Error == NativeError.None)
        {
            self.Acknowledged++;
            return;
        }

        self.Refused++;
        self.Refusal = LibRdKafka.Describe(message->Error);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Failed(nint client, int error, byte* reason, nint opaque)
    {
        var self = Self(opaque);
        var text = Text(reason);
        // That all brokers are down is said after why each one is; the why is worth more. A broker that is away is reported at each attempt.
        if (text != self._lastError && (error != NativeError.AllBrokersDown || self._lastError is null))
        {
            self._lastError = text;
            KafkaLog.ClientError(self._logger, self._clientId, text);
        }
    }

    /// <summary>Called from the library's threads.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Logged(nint client, int level, byte* facility, byte* text)
    {
        var self = Self(LibRdKafka.rd_kafka_opaque(client));
        if (self._logger.IsEnabled(LogLevel.Debug))
        {
            KafkaLog.Library(self._logger, self._clientId, Text(facility), Text(text));
        }
    }

    private nint Topic(string name)
    {
        if (!_topics.TryGetValue(name, out var topic))
        {
            topic = LibRdKafka.rd_kafka_topic_new(_client, name, 0);
            if (topic == 0)
            {
                throw new PublishFailedException($"the topic name '{name}' is not valid: {LibRdKafka.Describe(LibRdKafka.rd_kafka_last_error())}");
            }

            _topics.Add(name, topic);
        }

        return topic;
    }
}
