namespace TokenStream.Kafka;

/// <summary>
/// A configured value that may stand for a secret: <c>${env:NAME}</c> is the environment variable, <c>${file:/path}</c> the file's content
/// without the line end. The reference is what configurations hold and logs show; the secret is read where it is used.
/// </summary>
public static class SecretReference
{
    private const string Environment = "${env:";
    private const string File = "${file:";

    /// <summary>The value itself, or the secret it refers to. Throws <see cref="InvalidOperationException"/> where that cannot be read.</summary>
    public static string Resolve(string value) =>
        TryResolve(value, out var problem) ?? throw new InvalidOperationException(problem);

    /// <summary>Why the secret cannot be read; null where it can, or where the value is no reference.</summary>
    public static string? Problem(string value) => TryResolve(value, out var problem) is null ? problem : null;

    private static string? TryResolve(string value, out string? problem)
    {
        problem = null;
        if (value.EndsWith('}') && value.StartsWith(Environment, StringComparison.Ordinal))
        {
            var name = value[Environment.Length..^1];
            var secret = System.Environment.GetEnvironmentVariable(name);
            problem = secret is null ? $"the environment variable {name} is not set" : null;
            return secret;
        }

        if (value.EndsWith('}') && value.StartsWith(File, StringComparison.Ordinal))
        {
            var path = value[File.Length..^1];
            try
            {
                return System.IO.File.ReadAllText(path).TrimEnd('\r', '\n');
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
            {
                problem = $"the file {path} cannot be read: {failure.Message}";
                return null;
            }
        }

        return value;
    }
}
