namespace TokenStream.Chdb.Gate;

/// <summary>What one token of a reader's SQL is.</summary>
internal enum SqlTokenKind
{
    /// <summary>ASCII white space.</summary>
    Blank,

    /// <summary><c>-- ..</c>, <c>// ..</c>, <c># ..</c>, <c>#! ..</c> to the end of the line, or <c>/* .. */</c>, which nests.</summary>
    Comment,

    /// <summary>A bare word: keyword or name.</summary>
    Word,

    /// <summary>A name in backquotes or double quotes.</summary>
    QuotedName,

    /// <summary>A text in single quotes.</summary>
    Text,

    /// <summary>A text between two equal tags: <c>$tag$ .. $tag$</c>.</summary>
    Heredoc,

    /// <summary>A run of digits and what belongs to a number; a point and a sign are tokens of their own.</summary>
    Number,

    /// <summary>One character that separates or computes.</summary>
    Symbol,

    /// <summary>Something that the engine might read in another way than we do: the gate refuses it.</summary>
    Unsure,
}
