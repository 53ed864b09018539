using System.CommandLine;
using TokenStream.Scopes;

namespace TokenStream.Service.Commands;

/// <summary>The options that name a scope: one for each dimension.</summary>
internal sealed class ScopeOptions
{
    private readonly (ScopeDimension Dimension, Option<string?> Option)[] _options =
        [.. Enum.GetValues<ScopeDimension>().Select(dimension => (dimension, Make(dimension)))];

    private readonly Option<bool> _everything = new("--everything") { Description = "All requests are meant, not a scope." };

    public void AddTo(Command command)
    {
        foreach (var (_, option) in _options)
        {
            command.Add(option);
        }

        command.Add(_everything);
    }

    public bool Everything(ParseResult parsed) => parsed.GetValue(_everything);

    public IReadOnlyDictionary<ScopeDimension, string> Read(ParseResult parsed) => _options
        .Where(pair => parsed.GetValue(pair.Option) is not null)
        .ToDictionary(pair => pair.Dimension, pair => parsed.GetValue(pair.Option)!);

    private static Option<string?> Make(ScopeDimension dimension)
    {
        var name = Enum.GetName(dimension)!.ToLowerInvariant();
        return new Option<string?>($"--{name}") { Description = $"The scope's {name}; * stands for any characters." };
    }
}
