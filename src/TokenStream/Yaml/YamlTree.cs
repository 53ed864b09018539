using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace TokenStream.Yaml;

/// <summary>A node of a YAML text with its place in it, lines and columns from 1.</summary>
internal abstract record YamlTree(int Line, int Column)
{
    /// <summary>Deepest nesting that is read: no text of ours needs more than eight levels, and the reading recurses.</summary>
    public const int MaxDepth = 16;

    /// <summary>What the node is, for error messages.</summary>
    public abstract string Kind { get; }

    /// <summary>
    /// Reads the one document of a text. Null where it is no YAML, with the error noted; a key that stands twice is noted and the first one
    /// kept, anchors and aliases are refused, since a small text could stand for a huge one.
    /// </summary>
    /// <param name="noun">What the text is, such as "price book".</param>
    public static YamlTree? Parse(string text, string noun, TextErrors errors)
    {
        var parser = new Parser(new StringReader(text));
        try
        {
            parser.Consume<StreamStart>();
            if (parser.Accept<StreamEnd>(out _))
            {
                errors.Add(1, 1, $"the {noun} is empty");
                return null;
            }

            parser.Consume<DocumentStart>();
            var root = Read(parser, noun, errors, 0);
            parser.Consume<DocumentEnd>();
            if (parser.TryConsume<DocumentStart>(out var second))
            {
                errors.Add((int)second.Start.Line, (int)second.Start.Column, $"a second document begins; a {noun} is one document");
            }

            return root;
        }
        catch (YamlException exception)
        {
            errors.Add((int)exception.Start.Line, (int)exception.Start.Column, $"is not YAML: {exception.Message}");
            return null;
        }
        catch (InvalidOperationException)
        {
            // Its scanner gives up in this way on some broken flow mappings, after the last node that it understood.
            var at = parser.Current?.End ?? Mark.Empty;
            errors.Add((int)at.Line, (int)at.Column, "is not YAML from here on");
            return null;
        }
    }

    private static YamlTree Read(IParser parser, string noun, TextErrors errors, int depth)
    {
        if (parser.Accept<AnchorAlias>(out var alias))
        {
            throw new YamlException(alias.Start, alias.End, $"anchors and aliases are not allowed in a {noun}");
        }

        var current = parser.Consume<NodeEvent>();
        var (line, column) = ((int)current.Start.Line, (int)current.Start.Column);
        if (depth > MaxDepth)
        {
            throw new YamlException(current.Start, current.End, $"nested deeper than {MaxDepth} levels");
        }

        if (!current.Anchor.IsEmpty)
        {
            throw new YamlException(current.Start, current.End, $"anchors and aliases are not allowed in a {noun}");
        }

        switch (current)
        {
            case Scalar scalar:
                return new YamlScalar(line, column, scalar.Value);
            case SequenceStart:
                List<YamlTree> items = [];
                while (!parser.TryConsume<SequenceEnd>(out _))
                {
                    items.Add(Read(parser, noun, errors, depth + 1));
                }

                return new YamlList(line, column, items);
            default:
                return ReadMap(parser, noun, errors, depth, line, column);
        }
    }

    private static YamlMap ReadMap(IParser parser, string noun, TextErrors errors, int depth, int line, int column)
    {
        List<(YamlScalar Key, YamlTree Value)> entries = [];
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            var key = Read(parser, noun, errors, depth + 1);
            var value = Read(parser, noun, errors, depth + 1);
            if (key is not YamlScalar scalar)
            {
                errors.Add(key, $"a key must be a text, not {key.Kind}");
            }
            else if (!seen.Add(scalar.Text))
            {
                errors.Add(key, $"'{scalar.Text}' stands here a second time");
            }
            else
            {
                entries.Add((scalar, value));
            }
        }

        return new YamlMap(line, column, entries);
    }
}

internal sealed record YamlScalar(int Line, int Column, string Text) : YamlTree(Line, Column)
{
    public override string Kind => "a text or number";
}

internal sealed record YamlList(int Line, int Column, IReadOnlyList<YamlTree> Items) : YamlTree(Line, Column)
{
    public override string Kind => "a list";
}

internal sealed record YamlMap(int Line, int Column, IReadOnlyList<(YamlScalar Key, YamlTree Value)> Entries) : YamlTree(Line, Column)
{
    public override string Kind => "a mapping";
}
