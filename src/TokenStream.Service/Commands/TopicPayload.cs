using System.Globalization;
using System.Text;
using TokenStream.Kafka;
using TokenStream.Mapping;
using TokenStream.Receiver.Topics;
using TokenStream.Runtime;
using TokenStream.Service.Options;

namespace TokenStream.Service.Commands;

/// <summary>A payload as it lies on a topic: its bytes, what a node of this configuration reads it as, and why.</summary>
/// <param name="Name">Where it lies.</param>
/// <param name="Source">What it is read as; null where nothing says, so that its fields have to.</param>
/// <param name="Attribution">Where a node looks for who and what for; null for the source's own paths.</param>
/// <param name="Notes">What there is to say about it beside its contents.</param>
internal sealed record TopicPayload(
    string Name, byte[] Body, long ReceivedMs, PayloadHeaders Headers, PayloadSource? Source, AttributionPaths? Attribution,
    IReadOnlyList<string> Notes)
{
    /// <summary>What a node would make of a record. A dead letter is read as the record that it was.</summary>
    /// <param name="headers">What somebody says of it; before its own headers, of which the first of a name counts.</param>
    public static TopicPayload Of(string topic, TopicRecord record, PayloadHeaders headers, NodeOptions options)
    {
        var notes = new List<string> { $"written {UtcTime(record.TimestampMs)}{KeyOf(record)}" };
        var (origin, body, receivedMs) = (topic, record.Value, record.TimestampMs);
        if (topic == options.Topics.DeadLetter && DeadLetter.TryRead(record.TextHeaders, record.Value, out var letter))
        {
            (origin, body, receivedMs) = (letter.Source.Topic, letter.Value.ToArray(), letter.TimestampMs);
            notes.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"a dead letter of {letter.Source.Topic}/{letter.Source.Partition}/{letter.Offset}: refused as {letter.Reason}"));
            if (letter.OriginalLength != body.Length)
            {
                notes.Add(string.Create(CultureInfo.InvariantCulture, $"{body.Length} of its {letter.OriginalLength} bytes were kept"));
            }
        }

        foreach (var (name, value) in record.Headers)
        {
            headers.Add(name.StartsWith("ce_", StringComparison.Ordinal) ? $"ce-{name[3..]}" : name, Encoding.UTF8.GetString(value));
        }

        var (source, attribution, why) = SourceOf(origin, headers, options);
        notes.Add(why);
        return new TopicPayload(
            string.Create(CultureInfo.InvariantCulture, $"{topic}/{record.Partition}/{record.Offset}"), body, receivedMs, headers, source,
            attribution, notes);
    }

    private static (PayloadSource? Source, AttributionPaths? Attribution, string Why) SourceOf(
        string origin, PayloadHeaders headers, NodeOptions options)
    {
        if (origin == options.Topics.Requests)
        {
            return (PayloadSources.Native, null, "native events lie on this topic");
        }

        if (origin.StartsWith(DeadLetter.ReceivedPrefix, StringComparison.Ordinal)
            && PayloadSources.Find(origin[DeadLetter.ReceivedPrefix.Length..]) is { } posted)
        {
            var own = options.Receive.Attributions.GetValueOrDefault(posted.Name);
            return (posted, own?.Over(posted.DefaultAttribution), $"it was posted as {posted.Name}");
        }

        var topic = options.Sources.FirstOrDefault(source => source.Topic == origin);
        var found = topic?.Source ?? HeaderRules.Find(headers);
        var why = topic?.Source is not null ? $"the topic {origin} is configured as {topic.Source.Name}"
            : found is not null ? $"its headers say {found.Name}"
            : "neither configuration (--config) nor headers say what it is: by its fields (--as says it)";
        return (found, found is null ? null : topic?.Attribution.Over(found.DefaultAttribution), why);
    }

    private static string KeyOf(TopicRecord record) => record.Key.Length == 0 ? "" : $", key {Encoding.UTF8.GetString(record.Key)}";

    private static string UtcTime(long ms) =>
        DateTimeOffset.FromUnixTimeMilliseconds(ms).ToString("yyyy-MM-dd HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
