using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using TokenStream.Service.Node;

namespace TokenStream.Service.Http;

/// <summary>What the holder of a token may do; each role from viewer on may do what those before it may.</summary>
internal enum ApiRole
{
    /// <summary>Send payloads and nothing else; operators and admins may send, too.</summary>
    Sender = -1,

    /// <summary>Read.</summary>
    Viewer = 0,

    /// <summary>Ask for commands, take them back, pause and resume.</summary>
    Operator = 1,

    /// <summary>Change budgets.</summary>
    Admin = 2,
}

/// <summary>A token as the file has it: its hash, never itself.</summary>
/// <param name="Tenant">The only tenant it is for; null for all.</param>
internal sealed record ApiToken(string Name, ApiRole Role, string? Tenant, byte[] Hash)
{
    private const string Prefix = "ts_";
    private const int SecretBytes = 32;

    /// <summary>A new secret, 256 random bits: shown once, kept nowhere.</summary>
    public static string NewSecret() => Prefix + System.Buffers.Text.Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes));

    /// <summary>Plain SHA-256: the secrets are random, so that there is nothing to guess and nothing to slow down.</summary>
    public static byte[] HashOf(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));

    /// <summary>Its line of the file: <c>NAME ROLE TENANT SHA256</c>, <c>-</c> standing for all tenants.</summary>
    public string Line() => $"{Name} {Role.ToString().ToLowerInvariant()} {Tenant ?? "-"} {Convert.ToHexStringLower(Hash)}";

    /// <summary>Reads a line back; false with a sentence where it is none.</summary>
    public static bool TryParse(string line, [NotNullWhen(true)] out ApiToken? token, out string error)
    {
        token = null;
        var parts = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length != 4)
        {
            error = "a line is NAME ROLE TENANT SHA256, with - for all tenants";
        }
        else if (!Enum.TryParse<ApiRole>(parts[1], ignoreCase: true, out var role) || !parts[1].All(char.IsAsciiLetter))
        {
            error = $"'{parts[1]}' is not a role; possible are sender, viewer, operator and admin";
        }
        else if (parts[3].Length != 64 || !parts[3].All(char.IsAsciiHexDigit))
        {
            error = "the last part must be the 64 hexadecimal digits of a SHA-256";
        }
        else
        {
            error = "";
            token = new ApiToken(parts[0], role, parts[2] == "-" ? null : parts[2], Convert.FromHexString(parts[3]));
        }

        return token is not null;
    }
}

/// <summary>The file of tokens. It is read again when it changes, so that a token is given and taken away without a restart.</summary>
internal sealed class ApiTokens
{
    private readonly string _path;
    private readonly Lock _lock = new();
    private IReadOnlyList<ApiToken> _tokens;
    private DateTime _written;

    /// <exception cref="NodeStartException">The file cannot be read, with every error in it.</exception>
    public ApiTokens(string path)
    {
        _path = path;
        _written = File.GetLastWriteTimeUtc(path);
        _tokens = Read(path);
    }

    /// <summary>Every token of a file; one that is not there has none.</summary>
    /// <exception cref="NodeStartException">The file cannot be read, with every error in it.</exception>
    public static IReadOnlyList<ApiToken> Read(string path)
    {
        try
        {
            var (tokens, errors) = (new List<ApiToken>(), new List<string>());
            var number = 0;
            foreach (var line in File.Exists(path) ? File.ReadAllLines(path) : [])
            {
                number++;
                if (line.Trim() is not { Length: > 0 } text || text.StartsWith('#'))
                {
                    continue;
                }

                if (!ApiToken.TryParse(text, out var token, out var error))
                {
                    errors.Add($"{path}:{number}: {error}");
                }
                else
                {
                    tokens.Add(token);
                }
            }

            errors.AddRange(
                tokens.GroupBy(token => token.Name, StringComparer.Ordinal)
                    .Where(group => group.Count() > 1).Select(group => $"{path}: '{group.Key}' is there twice"));
            return errors.Count == 0 ? tokens : throw new NodeStartException(string.Join('\n', errors));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new NodeStartException($"the file of API tokens cannot be read: {failure.Message} (tokens)", failure);
        }
    }

    /// <summary>
    /// The token with a secret; null where there is none. Every hash is compared in full, so that the time taken tells nothing.
    /// </summary>
    public ApiToken? Find(string secret)
    {
        var hash = ApiToken.HashOf(secret);
        ApiToken? found = null;
        foreach (var token in Current())
        {
            found = CryptographicOperations.FixedTimeEquals(hash, token.Hash) ? token : found;
        }

        return found;
    }

    /// <summary>A file that was broken by an edit leaves the last good one in force.</summary>
    private IReadOnlyList<ApiToken> Current()
    {
        lock (_lock)
        {
            var written = File.GetLastWriteTimeUtc(_path);
            if (written != _written)
            {
                try
                {
                    (_tokens, _written) = (Read(_path), written);
                }
                catch (NodeStartException)
                {
                    return _tokens;
                }
            }

            return _tokens;
        }
    }
}
