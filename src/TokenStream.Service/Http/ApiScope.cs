using TokenStream.Scopes;

namespace TokenStream.Service.Http;

/// <summary>The scope of a body: a value or a pattern by the name of each dimension.</summary>
internal static class ApiScope
{
    /// <summary>Null with a sentence where a name is not one.</summary>
    public static IReadOnlyDictionary<ScopeDimension, string>? Read(IReadOnlyDictionary<string, string>? body, out string error)
    {
        var scope = new Dictionary<ScopeDimension, string>();
        foreach (var (name, value) in body ?? new Dictionary<string, string>())
        {
            if (!Enum.TryParse<ScopeDimension>(name, ignoreCase: true, out var dimension) || !name.All(char.IsAsciiLetterLower))
            {
                error =
                    $"'{name}' is not a dimension; possible are " +
                    $"{string.Join(", ", Enum.GetNames<ScopeDimension>().Select(known => known.ToLowerInvariant()))}";
                return null;
            }

            scope[dimension] = value;
        }

        error = "";
        return scope;
    }
}
