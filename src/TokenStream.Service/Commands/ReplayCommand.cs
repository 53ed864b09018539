using System.CommandLine;
using System.Globalization;
using Spectre.Console;
using TokenStream.Service.Replay;

namespace TokenStream.Service.Commands;

/// <summary><c>tokenstream replay</c>: a real trace as events.</summary>
internal static class ReplayCommand
{
    private static readonly Argument<FileInfo> File = new("trace") { Description = "The trace, CSV with a header line, gzipped or not." };
    private static readonly Option<string> To =
        new("--to") { Description = "Kafka, host:port,...", DefaultValueFactory = _ => "localhost:9092" };
    private static readonly Option<string> Topic = new("--topic") { Description = "The topic.", DefaultValueFactory = _ => "llm.requests" };
    private static readonly Option<string> Speed =
        new("--speed") { Description = "How many times faster than the trace, such as 60x; or max.", DefaultValueFactory = _ => "max" };
    private static readonly Option<string> Time = new("--time")
    {
        Description = "Which times the events carry: original (the trace's), sent (when each is sent), until-now (shifted to end now).",
        DefaultValueFactory = _ => "original",
    };

    private static readonly Option<int> Seed = new("--seed")
    {
        Description = "Chooses tenants, features and models where the trace has none; the same seed gives the same events.",
        DefaultValueFactory = _ => 1,
    };
    private static readonly Option<string?> Run = new("--run")
    {
        Description = "Part of every event id (default: random). The same run again adds nothing; another one adds everything.",
    };
    private static readonly Option<string?> Map =
        new("--map") { Description = "Columns of the trace: field=column[:unit] or field='text', separated by commas." };
    private static readonly Option<string?> Models =
        new("--models") { Description = "Models to draw from where the trace has none, separated by commas." };

    internal static Command Create()
    {
        var command = new Command("replay", "Turn a real trace into events.") { File, To, Topic, Speed, Time, Seed, Run, Map, Models };
        command.SetAction((parsed, cancellation) => RunAsync(parsed, cancellation));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        try
        {
            var file = parsed.GetValue(File)!;
            var trace = Trace.Read(file.FullName, parsed.GetValue(Map));
            var options = new ReplayOptions
            {
                BootstrapServers = parsed.GetValue(To)!,
                Topic = parsed.GetValue(Topic)!,
                Speed = ReadSpeed(parsed.GetValue(Speed)!),
                Time = ReadTime(parsed.GetValue(Time)!),
                Run = parsed.GetValue(Run) ?? Guid.NewGuid().ToString("N")[..12],
            };
            var models = parsed.GetValue(Models)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            var replayer = new Replayer(options, trace, new Attribution(parsed.GetValue(Seed), models), TimeProvider.System);
            var done = await ShowAsync(replayer, trace.Rows.Count, cancellation);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"Sent {done.Sent} of {done.Total} events of {file.Name} as run {options.Run}: {done.TokensIn} tokens in, " +
                $"{done.TokensOut} out."));
            return done.Sent == done.Total ? 0 : 1;
        }
        catch (Exception failure) when (failure is IOException or FormatException or UnauthorizedAccessException or InvalidDataException)
        {
            await Console.Error.WriteLineAsync(failure.Message);
            return 1;
        }
    }

    private static Task<ReplayProgress> ShowAsync(Replayer replayer, long total, CancellationToken cancellation) => AnsiConsole.Progress()
        .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
        .StartAsync(async context =>
        {
            var started = TimeProvider.System.GetTimestamp();
            var bar = context.AddTask("sending", maxValue: total);
            return await replayer.RunAsync(
                new Progress<ReplayProgress>(p =>
                {
                    var rate = p.Sent / Math.Max(0.001, TimeProvider.System.GetElapsedTime(started).TotalSeconds);
                    bar.Description = string.Create(CultureInfo.InvariantCulture, $"{p.Sent:N0} events, {rate:N0}/s");
                    bar.Value = p.Sent;
                }),
                cancellation);
        });

    private static double? ReadSpeed(string text)
    {
        if (text == "max")
        {
            return null;
        }

        return double.TryParse(text.TrimEnd('x'), NumberStyles.Float, CultureInfo.InvariantCulture, out var speed) &&
            speed is > 0 and <= 1e6
            ? speed
            : throw new FormatException($"--speed {text} is not a speed such as 60x, or max.");
    }

    private static ReplayTime ReadTime(string text) => text switch
    {
        "original" => ReplayTime.Original,
        "sent" => ReplayTime.Sent,
        "until-now" => ReplayTime.UntilNow,
        _ => throw new FormatException($"--time {text} is not known; possible are original, sent and until-now."),
    };
}
