using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using TokenStream.Gateway;

namespace TokenStream.Agent;

/// <summary>
/// The JSON that the agent is sent, read once from front to back. Null is absent, names that nobody knows are passed over, and whatever
/// could be read in two ways is refused with a sentence.
/// </summary>
internal struct AgentBody
{
    /// <summary>What an event's text may have.</summary>
    private const int MostTextBytes = 256;

    /// <summary>What an event's count may be.</summary>
    private const long MostCount = 1_000_000_000_000;

    /// <summary>Bytes of a prompt's JSON that make a token, roughly; high estimates only reserve more than is used.</summary>
    private const int BytesPerToken = 4;

    private static readonly JsonReaderOptions Options = new() { MaxDepth = 256 };

    private Values _values;
    private ulong _given;

    /// <summary>Where the payload stands in the body; nothing where there is none.</summary>
    public Range Payload { get; private set; }

    /// <summary>Whether the payload is a text, which holds a stream's transcript, instead of JSON.</summary>
    public bool IsPayloadText { get; private set; }

    public static bool TryRead(ReadOnlySpan<byte> json, TextPool pool, out AgentBody body, [NotNullWhen(false)] out string? error)
    {
        body = default;
        try
        {
            var reader = new Utf8JsonReader(json, Options);
            error = !reader.Read() || reader.TokenType != JsonTokenType.StartObject
                ? "The body must be a JSON object."
                : body.Read(ref reader, pool);
            if (error is null && reader.Read())
            {
                error = "There is something after the JSON object.";
            }
        }
        catch (JsonException)
        {
            error = "The body is not JSON.";
        }
        catch (InvalidOperationException)
        {
            // That is how the reader says that a text is no UTF-8.
            error = "A text of the body is not valid UTF-8.";
        }

        return error is null;
    }

    public readonly bool Has(BodyField field) => (_given & (1UL << (int)field)) != 0;

    public readonly string? Text(BodyField field) => _values[(int)field].Text;

    public readonly long? Count(BodyField field) => Has(field) ? _values[(int)field].Count : null;

    public readonly bool Flag(BodyField field, bool otherwise = false) => Has(field) ? _values[(int)field].Count != 0 : otherwise;

    /// <summary>The request that is described, with the provider of those that name none.</summary>
    public readonly GatewayRequest Request(string defaultProvider) => new()
    {
        Tenant = Text(BodyField.Tenant) ?? "",
        Environment = Text(BodyField.Environment),
        App = Text(BodyField.App),
        Feature = Text(BodyField.Feature),
        User = Text(BodyField.User),
        Session = Text(BodyField.Session),
        Provider = Text(BodyField.Provider) ?? defaultProvider,
        Model = Text(BodyField.Model) ?? "",
        ServedProvider = Text(BodyField.ServedProvider),
        ServedModel = Text(BodyField.ServedModel),
        TokensIn = Count(BodyField.TokensIn) ?? ((Count(BodyField.InputBytes) ?? 0) / BytesPerToken),
        MaxTokens = Count(BodyField.MaxTokens) ?? 0,
        Answers = (int)Math.Min(Count(BodyField.Answers) ?? 0, int.MaxValue),
        IsWithoutOutput = Flag(BodyField.WithoutOutput),
        ServiceTier = Text(BodyField.ServiceTier),
        Attempt = (int)Math.Min(Count(BodyField.Attempt) ?? 0, int.MaxValue),
        RequestId = Text(BodyField.RequestId),
    };

    private string? Read(ref Utf8JsonReader reader, TextPool pool)
    {
        var expected = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var field = Find(ref reader, expected);
            reader.Read();
            if (field < 0)
            {
                reader.Skip();
                continue;
            }

            expected = field + 1;
            if (Has((BodyField)field))
            {
                return $"{Name(field)} is there twice.";
            }

            if (reader.TokenType != JsonTokenType.Null && Take(ref reader, field, pool) is { } error)
            {
                return error;
            }
        }

        return null;
    }

    /// <summary>Most senders keep an order: the search begins behind the field before.</summary>
    private static int Find(ref Utf8JsonReader reader, int expected)
    {
        var table = BodyFields.Table;
        for (var i = 0; i < table.Length; i++)
        {
            var at = expected + i < table.Length ? expected + i : expected + i - table.Length;
            if (reader.ValueTextEquals(table[at].Name))
            {
                return at;
            }
        }

        return -1;
    }

    private string? Take(ref Utf8JsonReader reader, int field, TextPool pool)
    {
        _given |= 1UL << field;
        ref var value = ref _values[field];
        switch (BodyFields.Table[field].Kind)
        {
            case BodyKind.Name or BodyKind.Text:
                if (reader.TokenType != JsonTokenType.String)
                {
                    return $"{Name(field)} must be a text.";
                }

                value.Text = BodyFields.Table[field].Kind == BodyKind.Name ? pool.Text(ref reader) : reader.GetString()!;
                return value.Text.Length * 3 > MostTextBytes && Encoding.UTF8.GetByteCount(value.Text) > MostTextBytes
                    ? $"{Name(field)} is longer than {MostTextBytes} bytes."
                    : null;
            case BodyKind.Count:
                return reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out value.Count) &&
                    value.Count is >= 0 and <= MostCount
                    ? null
                    : $"{Name(field)} must be a whole number from 0 to 10^12.";
            case BodyKind.Flag:
                value.Count = reader.TokenType == JsonTokenType.True ? 1 : 0;
                return reader.TokenType is JsonTokenType.True or JsonTokenType.False ? null : $"{Name(field)} must be true or false.";
            default:
                IsPayloadText = reader.TokenType == JsonTokenType.String;
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                Payload = start..(int)reader.BytesConsumed;
                return null;
        }
    }

    private static string Name(int field) => Encoding.ASCII.GetString(BodyFields.Table[field].Name);

    private struct Value
    {
        public string? Text;
        public long Count;
    }

    [InlineArray((int)BodyField.Payload + 1)]
    private struct Values
    {
        private Value _first;
    }
}
