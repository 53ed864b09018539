using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Authentication;
using System.Text;
using TokenStream.Storage;

namespace TokenStream.ClickHouse;

/// <summary>
/// Talks to ClickHouse over its HTTP interface, be it a server or the embedded store. A call fails with
/// <see cref="StoreUnavailableException"/> where repeating it may help (network, time-out, overload), else with
/// <see cref="ClickHouseException"/>. After a failed insert its outcome is unknown: it may be repeated where its rows replace themselves.
/// Thread-safe.
/// </summary>
public sealed class ClickHouseClient : IDisposable
{
    /// <summary>The longest answer that is read; our own statements answer with a few rows.</summary>
    public const int LongestAnswer = 64 << 20;

    private readonly ClickHouseOptions _options;
    private readonly TimeProvider _time;
    private readonly HttpClient _http;

    public ClickHouseClient(ClickHouseOptions options, TimeProvider? time = null)
    {
        _options = options;
        _time = time ?? TimeProvider.System;
        var handler = new SocketsHttpHandler
        {
            ConnectTimeout = options.ConnectTimeout,
            // A name may come to mean another server; connections are made anew now and then.
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(20),
            AllowAutoRedirect = false,
            UseProxy = false,
        };
        _http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        var credential = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{options.User}:{options.Password}"));
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", credential);
    }

    public ClickHouseOptions Options => _options;

    /// <summary>Asks whether somebody answers and accepts our credential.</summary>
    public Task PingAsync(CancellationToken cancellation) => ExecuteAsync("SELECT 1", cancellation);

    /// <summary>Runs a statement without an answer that matters.</summary>
    /// <param name="parameters">Values for <c>{name:Type}</c> in the text.</param>
    public async Task ExecuteAsync(string sql, CancellationToken cancellation, params (string Name, string Value)[] parameters) =>
        await SendAsync(Address(parameters), Text(sql), cancellation).ConfigureAwait(false);

    /// <summary>Runs a query and reads its rows as text, a NULL as null. Numbers and times are spelt as ClickHouse spells them.</summary>
    public async Task<IReadOnlyList<string?[]>> QueryAsync(
        string sql, CancellationToken cancellation, params (string Name, string Value)[] parameters)
    {
        var answer = await SendAsync(Address(parameters), Text(sql + " FORMAT TabSeparated"), cancellation).ConfigureAwait(false);
        return TabSeparated.ReadRows(answer);
    }

    /// <summary>
    /// Inserts rows: <paramref name="head"/> is <c>INSERT INTO table (columns) [SETTINGS ..]</c>, the format is appended.
    /// </summary>
    public async Task InsertAsync(string head, RowBinaryWriter rows, CancellationToken cancellation)
    {
        var address = Address([], head + " FORMAT RowBinary");
        await SendAsync(address, new RowBinaryContent(rows, _options.CompressInserts), cancellation).ConfigureAwait(false);
    }

    public void Dispose() => _http.Dispose();

    private static ByteArrayContent Text(string sql) => new(Encoding.UTF8.GetBytes(sql));

    /// <summary>
    /// The request's address. The server holds its answer back until the statement has ended, so that a failure has its status; where it
    /// does not, <see cref="AnswerText"/> finds the failure in the answer.
    /// </summary>
    private Uri Address((string Name, string Value)[] parameters, string? query = null)
    {
        var text = new StringBuilder("?wait_end_of_query=1");
        if (query is not null)
        {
            text.Append("&query=").Append(Uri.EscapeDataString(query));
        }

        foreach (var (name, value) in parameters)
        {
            text.Append(CultureInfo.InvariantCulture, $"&param_{name}={Uri.EscapeDataString(TabSeparated.Escape(value))}");
        }

        return new Uri(_options.Url, text.ToString());
    }

    private async Task<string> SendAsync(Uri address, HttpContent content, CancellationToken cancellation)
    {
        using var deadline = new CancellationTokenSource(_options.Timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, deadline.Token);
        using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = content };
        try
        {
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token)
                .ConfigureAwait(false);
            var body = await ReadAsync(response, either.Token).ConfigureAwait(false);
            return AnswerText.Check(_options, response, body);
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new StoreUnavailableException(
                $"ClickHouse at {_options} did not answer within {_options.Timeout.TotalSeconds:0.#} s.", e);
        }
        catch (HttpRequestException e) when (e.InnerException is AuthenticationException)
        {
            throw new ClickHouseException(
                0, "", $"ClickHouse at {_options} has no certificate that this machine trusts: {e.InnerException.Message}", e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw new StoreUnavailableException($"ClickHouse at {_options} cannot be reached: {e.Message}", e);
        }
    }

    private async Task<byte[]> ReadAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        var stream = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            using var body = new MemoryStream();
            var buffer = new byte[16 << 10];
            for (int n; (n = await stream.ReadAsync(buffer, cancellation).ConfigureAwait(false)) > 0;)
            {
                if (body.Length + n > LongestAnswer)
                {
                    throw new ClickHouseException(
                        0, "", $"The answer of ClickHouse at {_options} is longer than {LongestAnswer >> 20} MB.");
                }

                body.Write(buffer, 0, n);
            }

            return body.ToArray();
        }
    }
}
