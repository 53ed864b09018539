namespace TokenStream.Budgets;

/// <summary>What somebody probably meant who misspelt a name.</summary>
internal static class NearestName
{
    /// <summary>The known name for which the fewest letters change, at most a quarter of them; null where none is that near.</summary>
    public static string? Of(string name, IEnumerable<string> known)
    {
        var (nearest, least) = ((string?)null, Math.Max(1, name.Length / 4) + 1);
        foreach (var candidate in known.Order(StringComparer.Ordinal))
        {
            if (Math.Abs(candidate.Length - name.Length) < least && Distance(name, candidate) is var distance && distance < least)
            {
                (nearest, least) = (candidate, distance);
            }
        }

        return nearest;
    }

    /// <summary>Letters put in, left out or replaced, whatever their case (Levenshtein).</summary>
    private static int Distance(string one, string other)
    {
        var row = Enumerable.Range(0, other.Length + 1).ToArray();
        for (var i = 1; i <= one.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= other.Length; j++)
            {
                var replaced = diagonal + (char.ToLowerInvariant(one[i - 1]) == char.ToLowerInvariant(other[j - 1]) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[^1];
    }
}
