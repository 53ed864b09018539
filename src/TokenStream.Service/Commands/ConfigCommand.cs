using System.CommandLine;
using TokenStream.Service.Node;
using TokenStream.Service.Options;

namespace TokenStream.Service.Commands;

/// <summary><c>tokenstream config check</c>: every error of a configuration file at once.</summary>
internal static class ConfigCommand
{
    internal static Command Create()
    {
        var file = new Argument<FileInfo>("file") { Description = "The configuration, YAML." };
        var check = new Command("check", "Print every error of a configuration file at once; exit code 1 where there is one.") { file };
        check.SetAction(parsed => Check(parsed.GetValue(file)!.FullName));
        return new Command("config", "Work on configuration files.") { check };
    }

    /// <summary>Reads a configuration file and, where it names one, the price book.</summary>
    internal static NodeOptions Read(string file, out IReadOnlyList<string> errors)
    {
        try
        {
            (var options, errors) = NodeConfigFile.Read(File.ReadAllText(file), new NodeOptions());
            return options;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            errors = [failure.Message];
            return new NodeOptions();
        }
    }

    private static int Check(string file)
    {
        var options = Read(file, out var errors);
        var sentences = errors.Select(error => $"{file}:{error}").ToList();
        try
        {
            PriceFiles.Book(options.PricesFile);
        }
        catch (NodeStartException failure)
        {
            sentences.Add(failure.Message);
        }

        foreach (var sentence in sentences)
        {
            Console.Error.WriteLine(sentence);
        }

        Console.WriteLine(sentences.Count == 0 ? $"{file} is valid." : $"{file} has errors: {sentences.Count}.");
        return sentences.Count == 0 ? 0 : 1;
    }
}
