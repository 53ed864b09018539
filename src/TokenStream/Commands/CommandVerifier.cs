using System.Text;

namespace TokenStream.Commands;

/// <summary>
/// Believes records of the commands topic, or says why not; any bytes are an answer, none throws. Not for several threads at once.
/// </summary>
public sealed class CommandVerifier(IEnumerable<CommandKey> keys)
{
    private readonly Dictionary<string, CommandKey> _keys = keys.DistinctBy(key => key.Id).ToDictionary(key => key.Id, StringComparer.Ordinal);

    /// <summary>Ids of the keys that are trusted.</summary>
    public IReadOnlyCollection<string> KeyIds => _keys.Keys;

    /// <summary>Reads a record by its key and value; a null value is an empty span.</summary>
    public CommandRefusal TryVerify(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, out SignedRecord record)
    {
        record = new SignedRecord(null, null);
        var refusal = TryOpen(value, out var type, out var payload);
        if (refusal != CommandRefusal.None)
        {
            return refusal;
        }

        var isHeartbeat = key.StartsWith("heartbeat/"u8);
        if (type != (isHeartbeat ? SignedRecord.HeartbeatType : SignedRecord.CommandType))
        {
            return CommandRefusal.WrongType;
        }

        string own;
        if (isHeartbeat)
        {
            if (!HeartbeatFormat.TryRead(payload, out var heartbeat))
            {
                return CommandRefusal.Malformed;
            }

            (record, own) = (new SignedRecord(null, heartbeat), heartbeat.Key);
        }
        else
        {
            if (!CommandFormat.TryRead(payload, out var command))
            {
                return CommandRefusal.Malformed;
            }

            (record, own) = (new SignedRecord(command, null), command.Key);
        }

        if (key.SequenceEqual(Encoding.UTF8.GetBytes(own)))
        {
            return CommandRefusal.None;
        }

        record = new SignedRecord(null, null);
        return CommandRefusal.KeyMismatch;
    }

    /// <summary>The payload of a signed record of any type, with that type.</summary>
    public CommandRefusal TryOpen(ReadOnlySpan<byte> value, out string type, out byte[] payload)
    {
        (type, payload) = ("", []);
        if (value.IsEmpty)
        {
            return CommandRefusal.NoValue;
        }

        if (value.Length > SignedRecord.MostBytes)
        {
            return CommandRefusal.TooLong;
        }

        var refusal = Jws.TryRead(value, out var jws);
        if (jws is null)
        {
            return refusal;
        }

        if (jws.Header.Kid is not { } keyId || !_keys.TryGetValue(keyId, out var trusted))
        {
            return CommandRefusal.UnknownKey;
        }

        if (!jws.IsSignedBy(trusted.Key))
        {
            return CommandRefusal.BadSignature;
        }

        (type, payload) = (jws.Header.Typ ?? "", jws.Payload);
        return CommandRefusal.None;
    }
}
