namespace TokenStream.ClickHouse;

/// <summary>Where ClickHouse is and how it is talked to. The password appears in no text that this class gives out.</summary>
public sealed class ClickHouseOptions
{
    private readonly Uri _url;

    /// <summary>
    /// Takes <c>http://host:8123</c> or <c>https://host:8443</c>. A user and password inside of the address are taken out of it. Throws
    /// <see cref="FormatException"/> with a sentence where it is no such address.
    /// </summary>
    public ClickHouseOptions(string url)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var parsed) || parsed.Scheme is not ("http" or "https") || parsed.Host.Length == 0)
        {
            throw new FormatException("The ClickHouse address must look like http://host:8123 or https://host:8443.");
        }

        if (parsed.Query.Length > 0 || parsed.Fragment.Length > 0)
        {
            throw new FormatException("The ClickHouse address must not carry a query; give user and password as options of their own.");
        }

        var separator = parsed.UserInfo.IndexOf(':', StringComparison.Ordinal);
        if (parsed.UserInfo.Length > 0)
        {
            User = Uri.UnescapeDataString(separator < 0 ? parsed.UserInfo : parsed.UserInfo[..separator]);
            Password = separator < 0 ? "" : Uri.UnescapeDataString(parsed.UserInfo[(separator + 1)..]);
        }

        _url = new UriBuilder(parsed) { UserName = "", Password = "" }.Uri;
    }

    /// <summary>The address without user and password.</summary>
    public Uri Url => _url;

    public string User { get; init; } = "default";

    public string Password { get; init; } = "";

    /// <summary>The longest a connection may take to be made. Default 5 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// The longest one call may take, its answer included. Default 30 s; it stays below the minute after which readers take a seal for
    /// settled, so that a seal cannot appear as one already.
    /// </summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Sends inserts gzipped: worth it across a network, not on one machine. Default off.</summary>
    public bool CompressInserts { get; init; }

    public override string ToString() => _url.GetLeftPart(UriPartial.Path).TrimEnd('/');
}
