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

    /// <summary>Reads a configuration file.</summary>
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

    /// <summary>
    /// What <c>--config</c> names, or the defaults where it names nothing. Throws <see cref="NodeStartException"/> with every error.
    /// </summary>
    internal static NodeOptions ReadValid(FileInfo? file)
    {
        if (file is null)
        {
            return new NodeOptions();
        }

        var options = Read(file.FullName, out var errors);
        return errors.Count == 0
            ? options
            : throw new NodeStartException(
                $"the configuration {file} is broken (--config):\n" + string.Join('\n', errors.Select(e => $"  {file}:{e}")));
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
