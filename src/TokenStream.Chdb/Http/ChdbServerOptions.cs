using System.Net;
using TokenStream.Chdb.Engine;

namespace TokenStream.Chdb.Http;

/// <summary>The embedded store: where it keeps data, where it listens, who may read, and what it may take.</summary>
public sealed class ChdbServerOptions
{
    /// <summary>The user that may write; its secret is in <see cref="OwnerCredential.FileName"/> of the data directory.</summary>
    public const string OwnerUser = "tokenstream";

    /// <summary>The user that reads without a password, from this machine only.</summary>
    public const string LocalReader = "default";

    public required string DataDirectory { get; init; }

    /// <summary>Address and port; port 0 takes a free one.</summary>
    public required IPEndPoint Listen { get; init; }

    /// <summary>Allows an address that other machines reach. There is no TLS: put a proxy in front.</summary>
    public bool AllowRemote { get; init; }

    /// <summary>Readers with passwords, by user name.</summary>
    public IReadOnlyDictionary<string, string> Readers { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>The database that readers see.</summary>
    public string Database { get; init; } = "tokenstream";

    /// <summary>Bytes the engine may take; the default is 2 GiB or half of the machine's memory, whichever is less.</summary>
    public long MaxMemoryBytes { get; set; } = Math.Min(2L << 30, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2);

    /// <summary>Readers' statements at once; more wait.</summary>
    public int ReaderThreads { get; init; } = 4;

    public ReaderLimits ReaderLimits { get; init; } = new();
}
