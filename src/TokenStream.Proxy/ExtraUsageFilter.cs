using System.Buffers;
using System.Text.Json;

namespace TokenStream.Proxy;

/// <summary>
/// Takes out of a stream of server-sent events the one that holds nothing but the usage, which the caller had not asked for. All other
/// bytes pass as they are, each event as soon as it is whole; one that is longer than the usage can be passes at once.
/// </summary>
internal sealed class ExtraUsageFilter
{
    private const int MostHeld = 64 * 1024;

    private readonly ArrayBufferWriter<byte> _held = new(4096);
    private bool _isLong;
    private bool _isLineEmpty = true;

    /// <summary>Gives on what may pass of the bytes that come next.</summary>
    public void Take(ReadOnlySpan<byte> bytes, IBufferWriter<byte> passed)
    {
        while (!bytes.IsEmpty)
        {
            var end = EndOfEvent(bytes);
            var part = end < 0 ? bytes : bytes[..end];
            bytes = bytes[part.Length..];
            if (!_isLong && _held.WrittenCount + part.Length > MostHeld)
            {
                Release(passed);
                _isLong = true;
            }

            (_isLong ? passed : _held).Write(part);
            if (end >= 0)
            {
                if (_isLong || !IsUsageAlone(_held.WrittenSpan))
                {
                    Release(passed);
                }

                _held.ResetWrittenCount();
                _isLong = false;
            }
        }
    }

    /// <summary>Gives on what an unfinished event left.</summary>
    public void End(IBufferWriter<byte> passed)
    {
        if (!IsUsageAlone(_held.WrittenSpan))
        {
            Release(passed);
        }
    }

    /// <summary>Whether nothing of an event that has begun has been passed on.</summary>
    public bool IsBetweenEvents => !_isLong;

    private void Release(IBufferWriter<byte> passed)
    {
        passed.Write(_held.WrittenSpan);
        _held.ResetWrittenCount();
    }

    /// <summary>The number of bytes up to the empty line that ends an event; -1 where it is not among them.</summary>
    private int EndOfEvent(ReadOnlySpan<byte> bytes)
    {
        for (var at = 0; at < bytes.Length; at++)
        {
            if (bytes[at] == '\n')
            {
                if (_isLineEmpty)
                {
                    return at + 1;
                }

                _isLineEmpty = true;
            }
            else if (bytes[at] != '\r')
            {
                _isLineEmpty = false;
            }
        }

        return -1;
    }

    private static bool IsUsageAlone(ReadOnlySpan<byte> text)
    {
        if (!text.StartsWith("data:"u8) || text.IndexOf("\"usage\""u8) < 0)
        {
            return false;
        }

        try
        {
            var reader = new Utf8JsonReader(text["data:"u8.Length..].Trim(" \r\n"u8));
            var (hasUsage, hasNoChoices) = (false, false);
            reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isUsage = reader.ValueTextEquals("usage"u8);
                var isChoices = reader.ValueTextEquals("choices"u8);
                reader.Read();
                hasUsage |= isUsage && reader.TokenType == JsonTokenType.StartObject;
                if (isChoices && reader.TokenType == JsonTokenType.StartArray)
                {
                    var inside = reader;
                    hasNoChoices = inside.Read() && inside.TokenType == JsonTokenType.EndArray;
                }

                reader.Skip();
            }

            return hasUsage && hasNoChoices;
        }
        catch (JsonException)
        {
            // Whatever it is, it is not ours to take out.
            return false;
        }
    }
}
