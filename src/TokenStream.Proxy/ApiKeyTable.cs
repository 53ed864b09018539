using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Logging;

namespace TokenStream.Proxy;

/// <summary>
/// Who has which API key, by the SHA-256 of the key: the keys themselves are written down nowhere. The file is read again when it changes;
/// one that cannot be read leaves what was known before.
/// </summary>
internal sealed class ApiKeyTable : IDisposable
{
    private const int MostKeys = 100_000;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly string _file;
    private readonly ILogger _logger;
    private readonly ITimer _timer;
    private DateTime _written;
    private volatile Dictionary<string, ApiKeyOwner> _owners;

    /// <exception cref="FormatException">The file cannot be read, with the reason.</exception>
    public ApiKeyTable(string file, TimeProvider time, ILogger logger)
    {
        (_file, _logger) = (file, logger);
        _written = File.GetLastWriteTimeUtc(file);
        _owners = Read(file);
        _timer = time.CreateTimer(_ => Follow(), null, Interval, Interval);
    }

    /// <summary>Who has a key; null where nobody is known to.</summary>
    public ApiKeyOwner? Find(string key) =>
        _owners.GetValueOrDefault(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key))));

    public void Dispose() => _timer.Dispose();

    internal static Dictionary<string, ApiKeyOwner> Read(string file)
    {
        try
        {
            var keys = JsonSerializer.Deserialize(File.ReadAllBytes(file), ApiKeyJson.Default.ApiKeyFile)?.Keys
                ?? throw new FormatException($"the key file {file} has no list 'keys'");
            var owners = new Dictionary<string, ApiKeyOwner>(StringComparer.Ordinal);
            for (var i = 0; i < keys.Count; i++)
            {
                var hash = keys[i].Sha256.ToLowerInvariant();
                if (hash.Length != 64 || !hash.All(char.IsAsciiHexDigit))
                {
                    throw new FormatException(
                        $"keys[{i}] of {file}: 'sha256' must be 64 hexadecimal digits (printf %s \"$KEY\" | sha256sum)");
                }

                if (keys[i].Tenant.Length is 0 or > 256 || !owners.TryAdd(hash, keys[i]) || i >= MostKeys)
                {
                    throw new FormatException(
                        $"keys[{i}] of {file}: it names no tenant, or its hash stands there twice, or more than {MostKeys} are there");
                }
            }

            return owners;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new FormatException($"the key file {file} cannot be read: {failure.Message}", failure);
        }
    }

    private void Follow()
    {
        var written = File.GetLastWriteTimeUtc(_file);
        if (written == _written)
        {
            return;
        }

        _written = written;
        try
        {
            _owners = Read(_file);
            ProxyLog.KeysRead(_logger, _owners.Count, _file);
        }
        catch (FormatException failure)
        {
            ProxyLog.KeysUnreadable(_logger, failure.Message);
        }
    }
}

/// <summary>Whose requests those with a key are.</summary>
internal sealed record ApiKeyOwner
{
    public string Sha256 { get; init; } = "";

    public string Tenant { get; init; } = "";

    public string? App { get; init; }

    public string? Feature { get; init; }

    public string? Environment { get; init; }
}

internal sealed record ApiKeyFile
{
    public IReadOnlyList<ApiKeyOwner>? Keys { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(ApiKeyFile))]
internal sealed partial class ApiKeyJson : JsonSerializerContext;
