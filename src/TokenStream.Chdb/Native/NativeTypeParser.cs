using System.Collections.Frozen;
using System.Globalization;

namespace TokenStream.Chdb.Native;

/// <summary>
/// Reads a type's name as ClickHouse writes it, <c>Map(LowCardinality(String), Array(Decimal(38, 12)))</c>, into its layout.
/// </summary>
internal static class NativeTypeParser
{
    /// <summary>Types within types; the engine's own names stay far below.</summary>
    private const int MostDepth = 64;

    /// <summary>Bytes a row. Source: ClickHouse's documentation of its data types; each is checked against the engine by a test.</summary>
    private static readonly FrozenDictionary<string, int> Widths = new Dictionary<string, int>
    {
        ["UInt8"] = 1, ["UInt16"] = 2, ["UInt32"] = 4, ["UInt64"] = 8, ["UInt128"] = 16, ["UInt256"] = 32,
        ["Int8"] = 1, ["Int16"] = 2, ["Int32"] = 4, ["Int64"] = 8, ["Int128"] = 16, ["Int256"] = 32,
        ["Float32"] = 4, ["Float64"] = 8, ["BFloat16"] = 2, ["Bool"] = 1, ["Nothing"] = 1,
        ["Date"] = 2, ["Date32"] = 4, ["DateTime"] = 4, ["DateTime64"] = 8, ["Time"] = 4, ["Time64"] = 8,
        ["Enum8"] = 1, ["Enum16"] = 2, ["UUID"] = 16, ["IPv4"] = 4, ["IPv6"] = 16,
        ["Decimal32"] = 4, ["Decimal64"] = 8, ["Decimal128"] = 16, ["Decimal256"] = 32,
        ["Point"] = 16,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Reads a type.</summary>
    /// <exception cref="NativeFormatException">Its values cannot be walked over; the message names the type and the way out.</exception>
    internal static NativeType Parse(string type) => Parse(type, type, 0);

    private static NativeType Parse(string type, string whole, int depth)
    {
        if (depth > MostDepth)
        {
            throw Unknown(whole);
        }
        var (name, arguments) = Split(type.Trim());
        if (Widths.TryGetValue(name, out var width) || (name.StartsWith("Interval", StringComparison.Ordinal) && (width = 8) > 0))
        {
            return NativeType.Fixed(width);
        }
        NativeType Argument(int at) => at >= 0 && at < arguments.Count ? Parse(arguments[at], whole, depth + 1) : throw Unknown(whole);
        NativeType Element(int at) => at < arguments.Count ? Parse(WithoutName(arguments[at]), whole, depth + 1) : throw Unknown(whole);
        NativeType Elements() => NativeType.Of(NativeLayout.Tuple, [.. Enumerable.Range(0, arguments.Count).Select(Element)]);
        return name switch
        {
            "String" => NativeType.Text,
            "FixedString" => NativeType.Fixed(Number(arguments, whole)),
            "Decimal" => NativeType.Fixed(Number(arguments, whole) switch { <= 9 => 4, <= 18 => 8, <= 38 => 16, _ => 32 }),
            "Nullable" => NativeType.Of(NativeLayout.Nullable, Argument(0)),
            "LowCardinality" => NativeType.Of(NativeLayout.LowCardinality, Argument(0)),
            "Array" => NativeType.Of(NativeLayout.Array, Argument(0)),
            "Map" => NativeType.Of(NativeLayout.Array, NativeType.Of(NativeLayout.Tuple, Argument(0), Argument(1))),
            // The empty tuple has one byte a row.
            "Tuple" => arguments.Count == 0 ? NativeType.Fixed(1) : Elements(),
            "Nested" when arguments.Count > 0 => NativeType.Of(NativeLayout.Array, Elements()),
            "SimpleAggregateFunction" => Argument(arguments.Count - 1),
            "Ring" or "LineString" => Parse("Array(Point)", whole, depth + 1),
            "Polygon" or "MultiLineString" => Parse("Array(Array(Point))", whole, depth + 1),
            "MultiPolygon" => Parse("Array(Array(Array(Point)))", whole, depth + 1),
            _ => throw Unknown(whole),
        };
    }

    private static int Number(List<string> arguments, string whole) =>
        arguments.Count > 0 && int.TryParse(arguments[0], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw Unknown(whole);

    private static NativeFormatException Unknown(string type) => new(
        $"Values of the type {type} cannot be sent to this client in the format Native: convert the column, for example with toString(..) "
        + "or finalizeAggregation(..).");

    /// <summary>A type's name, and its arguments cut at the commas outside brackets and quotes.</summary>
    private static (string Name, List<string> Arguments) Split(string type)
    {
        var open = type.IndexOf('(', StringComparison.Ordinal);
        if (open < 0 || type[^1] != ')')
        {
            return (type, []);
        }
        var arguments = new List<string>();
        var from = open + 1;
        for (var at = from; at < type.Length; at = Next(type, at))
        {
            if (type[at] == ',' || at == type.Length - 1)
            {
                arguments.Add(type[from..at].Trim());
                from = at + 1;
            }
        }
        return (type[..open], arguments is [""] ? [] : arguments);
    }

    /// <summary>The type of a tuple's element: behind its name, if it has one.</summary>
    private static string WithoutName(string element)
    {
        for (var at = 0; at < element.Length; at = Next(element, at))
        {
            if (element[at] == ' ')
            {
                return element[(at + 1)..];
            }
        }
        return element;
    }

    /// <summary>The place behind a character, a whole quoted text or a whole pair of brackets.</summary>
    private static int Next(string type, int at)
    {
        var first = type[at];
        if (first is '\'' or '`' or '"')
        {
            for (at++; at < type.Length && type[at] != first; at++)
            {
                at += type[at] == '\\' ? 1 : 0;
            }
            return at + 1;
        }
        if (first != '(')
        {
            return at + 1;
        }
        for (at++; at < type.Length && type[at] != ')'; at = Next(type, at))
        {
            // The inside is passed over piece by piece.
        }
        return at + 1;
    }
}
