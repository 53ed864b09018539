using System.Globalization;

namespace TokenStream.Pricing;

/// <summary>Something wrong in a price book's text; lines and columns count from 1.</summary>
public sealed record PriceBookError(int Line, int Column, string Message)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Line}:{Column}: {Message}");
}

/// <summary>Collects what is wrong, so that one reading names everything.</summary>
internal sealed class PriceBookErrors
{
    /// <summary>More than this many are counted but not listed: the text is then something else than a price book.</summary>
    public const int MaxListed = 100;

    private readonly List<PriceBookError> _errors = [];
    private int _unlisted;

    public bool Any => _errors.Count > 0;

    public void Add(YamlTree node, string message) => Add(node.Line, node.Column, message);

    public void Add(int line, int column, string message)
    {
        if (_errors.Count < MaxListed)
        {
            _errors.Add(new PriceBookError(line, column, message));
        }
        else
        {
            _unlisted++;
        }
    }

    /// <summary>In the order of the text.</summary>
    public IReadOnlyList<PriceBookError> ToList()
    {
        var errors = _errors.OrderBy(error => error.Line).ThenBy(error => error.Column).ToList();
        if (_unlisted > 0)
        {
            errors.Add(new PriceBookError(errors[^1].Line, errors[^1].Column, string.Create(CultureInfo.InvariantCulture, $"and {_unlisted} more")));
        }

        return errors;
    }
}

/// <summary>What came of reading a price book: the book, or every error of its text.</summary>
public sealed record PriceBookLoad(PriceBook? Book, IReadOnlyList<PriceBookError> Errors);
