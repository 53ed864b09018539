using System.Globalization;

namespace TokenStream.Yaml;

/// <summary>Something wrong in a text that a person wrote; lines and columns count from 1.</summary>
public sealed record TextError(int Line, int Column, string Message)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Line}:{Column}: {Message}");
}

/// <summary>Collects what is wrong, so that one reading names everything.</summary>
internal sealed class TextErrors
{
    /// <summary>More than this many are counted but not listed: the text is then something else than what it should be.</summary>
    public const int MaxListed = 100;

    private readonly List<TextError> _errors = [];
    private int _unlisted;

    public bool Any => _errors.Count > 0;

    public void Add(YamlTree node, string message) => Add(node.Line, node.Column, message);

    public void Add(int line, int column, string message)
    {
        if (_errors.Count < MaxListed)
        {
            _errors.Add(new TextError(line, column, message));
        }
        else
        {
            _unlisted++;
        }
    }

    /// <summary>In the order of the text.</summary>
    public IReadOnlyList<TextError> ToList()
    {
        var errors = _errors.OrderBy(error => error.Line).ThenBy(error => error.Column).ToList();
        if (_unlisted > 0)
        {
            errors.Add(new TextError(errors[^1].Line, errors[^1].Column, string.Create(CultureInfo.InvariantCulture, $"and {_unlisted} more")));
        }

        return errors;
    }
}
