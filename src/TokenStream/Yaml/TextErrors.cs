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
    private readonly Dictionary<YamlTree, string> _paths = new(ReferenceEqualityComparer.Instance);
    private int _unlisted;

    public bool Any => _errors.Count > 0;

    public void Add(YamlTree node, string message) =>
        Add(node.Line, node.Column, _paths.GetValueOrDefault(node) is { Length: > 0 } path ? $"{path}: {message}" : message);

    /// <summary>Lets every error below a node tell its path too, such as <c>budgets[2].ladder[0].at</c>; items count from 0.</summary>
    public void NamePaths(YamlTree node, string path = "")
    {
        _paths[node] = path;
        switch (node)
        {
            case YamlMap map:
                foreach (var (key, value) in map.Entries)
                {
                    var inner = path.Length > 0 ? $"{path}.{key.Text}" : key.Text;
                    _paths[key] = inner;
                    NamePaths(value, inner);
                }

                break;
            case YamlList list:
                for (var i = 0; i < list.Items.Count; i++)
                {
                    NamePaths(list.Items[i], string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]"));
                }

                break;
        }
    }

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
            errors.Add(
                new TextError(errors[^1].Line, errors[^1].Column, string.Create(CultureInfo.InvariantCulture, $"and {_unlisted} more")));
        }

        return errors;
    }
}
