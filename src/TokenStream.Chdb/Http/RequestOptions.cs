using System.Globalization;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using TokenStream.Chdb.Engine;

namespace TokenStream.Chdb.Http;

/// <summary>What a request's query string and headers say beside the statement itself.</summary>
internal sealed class RequestOptions
{
    /// <summary>Letters of a query id that is echoed; longer ones are replaced by our own.</summary>
    private const int LongestQueryId = 128;

    /// <summary>Names of the query string that are neither settings nor parameters.</summary>
    private const string ParameterPrefix = "param_";

    private RequestOptions(HttpRequest request)
    {
        var query = request.Query;
        QueryId = QueryIdOf(query["query_id"].ToString());
        Database = FirstOf(query["database"].ToString(), request.Headers["X-ClickHouse-Database"].ToString());
        DefaultFormat = FirstOf(query["default_format"].ToString(), request.Headers["X-ClickHouse-Format"].ToString()) ?? "TabSeparated";
        WaitForEnd = query["wait_end_of_query"] == "1";
        ProtocolVersion = int.TryParse(
            query["client_protocol_version"].ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : 0;
        AcceptsGzip = GzipAccepted(request.Headers.AcceptEncoding.ToString()) && query["enable_http_compression"] != "0";
        var names = new List<string>();
        var values = new List<string>();
        foreach (var (name, value) in query)
        {
            if (name.StartsWith(ParameterPrefix, StringComparison.Ordinal))
            {
                names.Add(name[ParameterPrefix.Length..]);
                values.Add(value.ToString());
            }
            else if (AllowedSettings.Contains(name))
            {
                Settings[name] = value.ToString();
            }
        }
        Parameters = names.Count == 0 ? ChdbParameters.None : new ChdbParameters(names, values);
    }

    internal string QueryId { get; }

    /// <summary>The current database asked for; null where none is.</summary>
    internal string? Database { get; }

    /// <summary>The format of answers whose statement names none.</summary>
    internal string DefaultFormat { get; }

    /// <summary>The answer is wanted only when it is known to be whole.</summary>
    internal bool WaitForEnd { get; }

    /// <summary>What the client says of the native protocol it speaks; 0 where it does not say.</summary>
    internal int ProtocolVersion { get; }

    internal bool AcceptsGzip { get; }

    internal Dictionary<string, string> Settings { get; } = new(StringComparer.Ordinal);

    internal ChdbParameters Parameters { get; }

    /// <summary>Reads the options of a request.</summary>
    /// <exception cref="ChdbException">48 NOT_IMPLEMENTED: it wants ClickHouse's own compressed frames.</exception>
    internal static RequestOptions Of(HttpRequest request)
    {
        if (request.Query["compress"] == "1" || request.Query["decompress"] == "1")
        {
            throw ChdbException.Of(
                48, "NOT_IMPLEMENTED",
                "ClickHouse's own compressed frames (compress=1, decompress=1) are not supported: use Content-Encoding and " +
                "Accept-Encoding gzip.");
        }
        return new RequestOptions(request);
    }

    private static string? FirstOf(string first, string second) => first.Length > 0 ? first : second.Length > 0 ? second : null;

    private static string QueryIdOf(string asked) =>
        asked.Length is > 0 and <= LongestQueryId && asked.All(letter => letter is > ' ' and <= '~')
            ? asked
            : new Guid(RandomNumberGenerator.GetBytes(16)).ToString("D");

    private static bool GzipAccepted(string accepted)
    {
        foreach (var part in accepted.Split(',', StringSplitOptions.TrimEntries))
        {
            var coding = part.Split(';', StringSplitOptions.TrimEntries);
            if (coding[0].Equals("gzip", StringComparison.OrdinalIgnoreCase))
            {
                return !coding.Skip(1)
                    .Any(weight => weight.Replace(" ", "", StringComparison.Ordinal) is "q=0" or "q=0.0" or "q=0.00" or "q=0.000");
            }
        }
        return false;
    }
}
