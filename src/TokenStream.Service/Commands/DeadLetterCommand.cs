using System.CommandLine;
using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using TokenStream.Kafka;
using TokenStream.Runtime;
using TokenStream.Service.Node;
using TopicPartition = TokenStream.Runtime.TopicPartition;

namespace TokenStream.Service.Commands;

/// <summary><c>tokenstream deadletter</c>: look at records that were refused, and send them again.</summary>
internal static class DeadLetterCommand
{
    private const int ShownBytes = 120;

    private static readonly Option<string?> Topic =
        new("--topic") { Description = "The dead-letter topic (default tokenstream.deadletter).", Recursive = true };
    private static readonly Option<string?> Reason = new("--reason") { Description = "Only those with this reason.", Recursive = true };
    private static readonly Option<int> Limit =
        new("--limit") { Description = "How many at most, newest last.", DefaultValueFactory = _ => 100, Recursive = true };

    internal static Command Create()
    {
        var position = new Argument<string>("position")
        {
            Description = "The source position, topic/partition/offset, as `deadletter list` shows it.",
        };
        var yes = new Option<bool>("--yes") { Description = "Send them; without it, only say how many it would be." };
        var list = new Command(
            "list", "List refused records: source position, time, reason, beginning of the bytes; then counts by reason.");
        var show = new Command("show", "Print one refused record: its reason and its original bytes.") { position };
        var replay = new Command("replay", "Send refused records to their source topic again, as they were.") { yes };
        list.SetAction((parsed, _) => RunAsync(parsed, (_, letters) => Task.FromResult(List(parsed, letters))));
        show.SetAction((parsed, _) => RunAsync(parsed, (_, letters) => Task.FromResult(Show(letters, parsed.GetValue(position)!))));
        replay.SetAction((parsed, _) => RunAsync(parsed, (topic, letters) => ReplayAsync(topic, letters, parsed.GetValue(yes))));
        var command = new Command("deadletter", "Work on refused records.") { list, show, replay, Topic, Reason, Limit };
        Connections.AddKafka(command);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, Func<DeadLetterTopic, IReadOnlyList<DeadLetter>, Task<int>> action)
    {
        try
        {
            var options = Connections.Options(parsed);
            var (kafka, name) = (Connections.ToKafka(options), parsed.GetValue(Topic) ?? options.Topics.DeadLetter);
            using var admin = new TopicAdmin(kafka, "tokenstream-deadletter", TimeProvider.System, NullLogger.Instance);
            if (!admin.Partitions().TryGetValue(name, out var partitions))
            {
                await Console.Error.WriteLineAsync($"Kafka at {kafka.BootstrapServers} has no topic {name} (--topic).");
                return 1;
            }

            using var topic = new DeadLetterTopic(kafka, name, partitions, "tokenstream-deadletter", NullLogger.Instance);
            return await action(topic, Read(topic, parsed.GetValue(Reason)));
        }
        catch (Exception failure) when (failure is KafkaUnavailableException or NodeStartException)
        {
            await Console.Error.WriteLineAsync(failure.Message);
            return 1;
        }
    }

    /// <summary>Every dead letter once, in the order of the log: one that was published twice has the same source position.</summary>
    private static List<DeadLetter> Read(DeadLetterTopic topic, string? reason)
    {
        var letters = new Dictionary<(TopicPartition, long), DeadLetter>();
        foreach (var filed in topic.Read().Where(filed => reason is null || filed.Letter.Reason == reason))
        {
            letters[(filed.Letter.Source, filed.Letter.Offset)] = filed.Letter;
        }

        return [.. letters.Values];
    }

    private static int List(ParseResult parsed, IReadOnlyList<DeadLetter> letters)
    {
        foreach (var letter in letters.TakeLast(parsed.GetValue(Limit)))
        {
            var time = DateTimeOffset.FromUnixTimeMilliseconds(letter.TimestampMs)
                .ToString("yyyy-MM-dd HH:mm:ss.fffZ", CultureInfo.InvariantCulture);
            Console.WriteLine($"{Position(letter)}\t{time}\t{letter.Reason}\t{Beginning(letter)}");
        }

        foreach (var group in letters.GroupBy(l => l.Reason).OrderByDescending(g => g.Count()))
        {
            Console.WriteLine($"{group.Count()} {group.Key}");
        }

        Console.WriteLine($"{letters.Count} refused records.");
        return 0;
    }

    private static int Show(IReadOnlyList<DeadLetter> letters, string position)
    {
        if (letters.FirstOrDefault(l => Position(l) == position) is not { } letter)
        {
            Console.Error.WriteLine($"There is no dead letter of {position}; see `tokenstream deadletter list`.");
            return 1;
        }

        Console.Error.WriteLine($"{position}: {letter.Reason}, {letter.OriginalLength} bytes, {letter.Value.Length} kept");
        using var output = Console.OpenStandardOutput();
        output.Write(letter.Value.Span);
        return 0;
    }

    private static async Task<int> ReplayAsync(DeadLetterTopic topic, IReadOnlyList<DeadLetter> letters, bool send)
    {
        var whole = letters.Where(l => l.CanBeReplayed).ToList();
        if (!send)
        {
            Console.WriteLine(
                $"{whole.Count} of {letters.Count} refused records would be sent again (the others were too long to be kept whole, came " +
                "over HTTP, or are payloads of which a part was taken). Say --yes to do it.");
            return 0;
        }

        foreach (var letter in whole)
        {
            await topic.ReplayAsync(letter);
        }

        Console.WriteLine($"{whole.Count} records were sent again.");
        return 0;
    }

    private static string Position(DeadLetter letter) =>
        string.Create(CultureInfo.InvariantCulture, $"{letter.Source.Topic}/{letter.Source.Partition}/{letter.Offset}");

    private static string Beginning(DeadLetter letter)
    {
        var text = Encoding.UTF8.GetString(letter.Value.Span[..Math.Min(letter.Value.Length, ShownBytes)]);
        return new string([.. text.Select(c => char.IsControl(c) ? ' ' : c)]);
    }
}
