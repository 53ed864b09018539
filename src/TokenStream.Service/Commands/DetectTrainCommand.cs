using System.CommandLine;
using System.Globalization;
using TokenStream.Detection.SrCnn;
using TokenStream.Service.Detecting;

namespace TokenStream.Service.Commands;

/// <summary><c>tokenstream detect train</c>: makes the weights of the detector <c>srcnn</c>.</summary>
internal static class DetectTrainCommand
{
    private const int UsageError = 2;
    private const string Synthetic = "synthetic series";
    private const string SyntheticLicence = "that of this project";

    internal static Command Create()
    {
        var defaults = new SrCnnTrainingOptions();
        var synthetic = new Option<bool>("--synthetic")
        {
            Description = "Train on series that are made from the seed, as the weights that ship are.",
        };
        var data = new Option<string[]>("--data")
        {
            Description = "Train on the series of these files, as tokenstream detect reads them. Labels are not needed and not looked at.",
            AllowMultipleArgumentsPerToken = true,
        };
        var licence = new Option<string?>("--licence")
        {
            Description = "Under which that data may be used; goes into the file's header. Needed with --data.",
        };
        var seed = new Option<long>("--seed")
        {
            Description = "Another seed gives other weights, the same one the same.",
            DefaultValueFactory = _ => 0,
        };
        var epochs = new Option<int>("--epochs")
        {
            Description = "How often to go through the data.",
            DefaultValueFactory = _ => defaults.Epochs,
        };
        var hidden = new Option<string>("--hidden")
        {
            Description = "Widths of the layers between input and output, multiples of 8; the paper's network is 128,256,512, twenty times as " +
                "much work.",
            DefaultValueFactory = _ => string.Join(',', defaults.Hidden),
        };
        var threads = new Option<int>("--threads")
        {
            Description = "The weights do not depend on it.",
            DefaultValueFactory = _ => Math.Min(2, Environment.ProcessorCount),
        };
        var file = new Option<string>("--out")
        {
            Description = "Where to write the weights.",
            DefaultValueFactory = _ => "srcnn-weights.bin",
        };
        var command = new Command(
            "train",
            """
            Train the network of the detector srcnn. With the same data, seed and options the file is the same on the same machine.
            Exit code 2 where data or options cannot be used, 1 where it was stopped.
            Example: tokenstream detect train --synthetic --seed 0 --out weights.bin
            """) { synthetic, data, licence, seed, epochs, hidden, threads, file };
        command.SetAction((parsed, cancellation) => Task.Run(
            () =>
            {
                var options = new SrCnnTrainingOptions
                {
                    Seed = parsed.GetValue(seed),
                    Epochs = parsed.GetValue(epochs),
                    Threads = parsed.GetValue(threads),
                };
                return Run(
                    parsed.GetValue(data) ?? [], parsed.GetValue(synthetic), parsed.GetValue(licence), parsed.GetValue(hidden)!,
                    parsed.GetValue(file)!, options, Console.Out, Console.Error, TimeProvider.System, cancellation);
            },
            CancellationToken.None));
        return command;
    }

    internal static int Run(
        IReadOnlyList<string> data, bool synthetic, string? licence, string hidden, string file, SrCnnTrainingOptions options,
        TextWriter output, TextWriter errors, TimeProvider clock, CancellationToken cancellation)
    {
        try
        {
            options = options with { Hidden = Widths(hidden) };
            options.Validate();
            CheckSource(data, synthetic, licence);
            var series = synthetic ? SyntheticSeries.Make(options.Seed) : Read(data, cancellation);
            var names = synthetic ? Synthetic : string.Join(", ", data.Select(Path.GetFileName));
            var started = clock.GetTimestamp();
            var weights = SrCnnTrainer.Train(
                series,
                options,
                names,
                synthetic ? SyntheticLicence : licence!,
                done => output.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"epoch {done.Epoch} of {done.Epochs}: loss {done.Loss:F5}, {clock.GetElapsedTime(started).TotalSeconds:F1} s")),
                cancellation);
            Save(file, weights);
            Summarise(file, weights, output);
            return 0;
        }
        catch (ArgumentException wrong)
        {
            errors.WriteLine(wrong.Message);
            return UsageError;
        }
        catch (Exception failure) when (failure is IOException or FormatException or UnauthorizedAccessException or InvalidDataException)
        {
            errors.WriteLine(failure is FormatException ? failure.Message : $"The training cannot be done: {failure.Message}");
            return UsageError;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            errors.WriteLine("Stopped before the end; nothing was written.");
            return 1;
        }
    }

    private static void CheckSource(IReadOnlyList<string> data, bool synthetic, string? licence)
    {
        if (synthetic == (data.Count > 0))
        {
            throw new ArgumentException("Say either --synthetic or --data with the files to train on.");
        }

        if (!synthetic && string.IsNullOrWhiteSpace(licence))
        {
            throw new ArgumentException("Say with --licence under which the data may be used: weights carry on what their data allows.");
        }
    }

    private static int[] Widths(string hidden)
    {
        var parts = hidden.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var widths = new int[parts.Length];
        for (var i = 0; i < parts.Length; i++)
        {
            if (!int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out widths[i]))
            {
                throw new ArgumentException($"--hidden {hidden} is no list of widths such as 32,64,32.");
            }
        }

        return widths;
    }

    private static List<double[]> Read(IReadOnlyList<string> files, CancellationToken cancellation)
    {
        var series = new List<double[]>();
        foreach (var file in files)
        {
            series.AddRange(TrainingSeries.Of(SeriesFile.Read(file, _ => { }, cancellation)));
        }

        return series;
    }

    /// <summary>Whole or not at all: the file gets its name when it is complete.</summary>
    private static void Save(string file, SrCnnWeights weights)
    {
        var part = file + ".part";
        try
        {
            File.WriteAllBytes(part, weights.Write());
            File.Move(part, file, overwrite: true);
        }
        catch
        {
            File.Delete(part);
            throw;
        }
    }

    private static void Summarise(string file, SrCnnWeights weights, TextWriter output)
    {
        var header = weights.Header;
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{header.Windows:N0} windows, layers {string.Join('-', header.Layers)}, in {file}."));
        if (header.HeldOutRecall is { } recall)
        {
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"Of anomalies put into {header.HeldOutWindows:N0} windows of other series {recall:P1} score above 99 of 100 windows " +
                $"as they are."));
        }
    }
}
