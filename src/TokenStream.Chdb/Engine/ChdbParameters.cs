namespace TokenStream.Chdb.Engine;

/// <summary>Values for <c>{name:Type}</c> in a statement, escaped as in TabSeparated; names and values go together by position.</summary>
internal sealed record ChdbParameters(IReadOnlyList<string> Names, IReadOnlyList<string> Values)
{
    internal static ChdbParameters None { get; } = new([], []);
}
