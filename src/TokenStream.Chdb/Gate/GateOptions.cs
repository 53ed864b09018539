namespace TokenStream.Chdb.Gate;

/// <summary>What the gate lets readers reach.</summary>
internal sealed class GateOptions
{
    /// <summary>The database that holds the product's tables and views; a reader may name no other but <c>system</c>.</summary>
    internal string Database { get; init; } = "tokenstream";

    /// <summary>Bytes of a statement. The default is the engine's own <c>max_query_size</c>.</summary>
    internal int MostBytes { get; init; } = 256 << 10;

    /// <summary>Brackets within brackets. The engine's parser goes to 1,000 (<c>max_parser_depth</c>).</summary>
    internal int MostDepth { get; init; } = 200;

    /// <summary>
    /// Settings that a SETTINGS clause may name. They are cut out of the statement and handed back, since the engine refuses the clause to
    /// readers whatever it says.
    /// </summary>
    internal Func<string, bool> IsSettingAllowed { get; init; } = static _ => false;
}
