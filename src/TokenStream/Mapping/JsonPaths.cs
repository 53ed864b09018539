using System.Text;

namespace TokenStream.Mapping;

/// <summary>
/// Paths into payloads, compiled to a tree of names. <c>metadata.usage_object.prompt_tokens</c> names members (a dot of a name is written
/// <c>\.</c>), <c>candidates[0].finishReason</c> the first element of an array, and <c>request_tags[feature]</c> what follows
/// <c>feature:</c> in the first text of an array (or part of a text between commas) that begins so. Each node of the tree has a number,
/// where a reader keeps its value.
/// </summary>
internal sealed class JsonPaths
{
    private readonly List<JsonPathNode> _nodes = [new JsonPathNode(0, "")];

    /// <summary>Number of nodes, the whole payload's included: the length of a reader's table of values.</summary>
    public int Count => _nodes.Count;

    public JsonPathNode Root => _nodes[0];

    /// <summary>The path of a node as it was written.</summary>
    public string Path(int node) => _nodes[node].Path;

    /// <summary>The number of a path's node; the same path has one number.</summary>
    /// <exception cref="FormatException">The path is none.</exception>
    public int Add(string path)
    {
        var node = Root;
        for (var at = 0; at < path.Length;)
        {
            node = path[at] == '[' ? AddElement(node, path, ref at) : AddMember(node, path, ref at);
        }

        return node == Root ? throw new FormatException("A path has at least one name.") : node.Index;
    }

    /// <summary>Adds each path, in the order given.</summary>
    public int[] AddAll(IEnumerable<string> paths) => [.. paths.Select(Add)];

    private JsonPathNode AddMember(JsonPathNode parent, string path, ref int at)
    {
        at += at > 0 && path[at] == '.' ? 1 : 0;
        var name = new StringBuilder();
        for (; at < path.Length && path[at] is not ('.' or '['); at++)
        {
            at += path[at] == '\\' && at + 1 < path.Length ? 1 : 0;
            name.Append(path[at]);
        }

        var bytes = Encoding.UTF8.GetBytes(name.ToString());
        return bytes.Length is > 0 and <= JsonPathNode.NameBytes
            ? parent.Member(bytes) ?? parent.AddMember(bytes, New(path[..at]))
            : throw new FormatException($"'{path}' is not a path: a name has 1 to {JsonPathNode.NameBytes} bytes.");
    }

    private JsonPathNode AddElement(JsonPathNode parent, string path, ref int at)
    {
        var end = path.IndexOf(']', at);
        var name = end < 0 ? "" : path[(at + 1)..end];
        if (name.Length == 0 || at == 0)
        {
            throw new FormatException($"'{path}' is not a path: [0] or [tag] comes after a name.");
        }

        at = end + 1;
        if (name == "0")
        {
            return parent.First ??= New(path[..at]);
        }

        return parent.Tag(name) ?? parent.AddTag(name, New(path[..at]));
    }

    private JsonPathNode New(string path)
    {
        var node = new JsonPathNode(_nodes.Count, path);
        _nodes.Add(node);
        return node;
    }
}

/// <summary>One name of a tree of paths, and what is looked for below it.</summary>
internal sealed class JsonPathNode(int index, string path)
{
    /// <summary>Most bytes of a name.</summary>
    public const int NameBytes = 64;

    private (byte[] Name, JsonPathNode Node)[] _members = [];
    private JsonPathNode?[] _table = [];
    private byte[][] _tableNames = [];

    public int Index { get; } = index;

    public string Path { get; } = path;

    /// <summary>What is looked for in an array's first element.</summary>
    public JsonPathNode? First { get; set; }

    /// <summary>What is looked for in texts, each with its colon.</summary>
    public (byte[] Prefix, JsonPathNode Node)[] Tags { get; private set; } = [];

    public bool HasMembers => _members.Length > 0;

    public JsonPathNode AddMember(byte[] name, JsonPathNode node)
    {
        _members = [.. _members, (name, node)];
        var size = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)_members.Length * 2);
        _table = new JsonPathNode?[size];
        _tableNames = new byte[size][];
        foreach (var (memberName, member) in _members)
        {
            var slot = Hash(memberName) & (size - 1);
            while (_table[slot] is not null)
            {
                slot = (slot + 1) & (size - 1);
            }

            (_table[slot], _tableNames[slot]) = (member, memberName);
        }

        return node;
    }

    /// <summary>The node of a member's name; null where nothing is looked for there.</summary>
    public JsonPathNode? Member(ReadOnlySpan<byte> name)
    {
        if (name.IsEmpty || _table.Length == 0)
        {
            return null;
        }

        for (var slot = Hash(name) & (_table.Length - 1); _table[slot] is { } node; slot = (slot + 1) & (_table.Length - 1))
        {
            if (name.SequenceEqual(_tableNames[slot]))
            {
                return node;
            }
        }

        return null;
    }

    public JsonPathNode? Tag(string name) => Tags.FirstOrDefault(tag => tag.Node.Path.EndsWith($"[{name}]", StringComparison.Ordinal)).Node;

    public JsonPathNode AddTag(string name, JsonPathNode node)
    {
        Tags = [.. Tags, (Encoding.UTF8.GetBytes(name + ":"), node)];
        return node;
    }

    /// <summary>Length, ends and middle tell the names of one object apart well enough; the table is half empty.</summary>
    private static int Hash(ReadOnlySpan<byte> name) =>
        unchecked((name.Length * 31) + (name[0] * 7) + (name[^1] * 13) + (name[name.Length / 2] * 17));
}
