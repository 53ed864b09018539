using System.Globalization;
using System.IO.Compression;
using System.Net.Sockets;
using System.Text;
using Xunit;

namespace TokenStream.IntegrationTests.Chdb;

/// <summary>Random and mutated bytes on the store's port: no crash, no hang, no failure of our own, bounded memory.</summary>
public sealed class HttpFuzzTests : IDisposable
{
    /// <summary>Requests under way at once.</summary>
    private const int AtOnce = 8;

    /// <summary>Resident bytes that the process may reach: the engine at rest takes some 300 MB.</summary>
    private const long MostResidentBytes = 1500L << 20;

    private static readonly TimeSpan LongestAnswer = TimeSpan.FromSeconds(30);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [FactNeeding("engine")]
    public async Task Hostile_requests_leave_the_store_as_it_was()
    {
        var seed = int.Parse(Environment.GetEnvironmentVariable("TOKENSTREAM_SEED") ?? "1", CultureInfo.InvariantCulture);
        // A request takes about a hundred times as long as an event does to decode, for which this number is meant.
        var rounds = int.Parse(Environment.GetEnvironmentVariable("TOKENSTREAM_FUZZ_ROUNDS") ?? "40000", CultureInfo.InvariantCulture) / 100;
        await using var store = await StoreProcess.StartAsync(_folder.Path);
        await StoreProcess.TextAsync(store.Owner, "CREATE TABLE tokenstream.fuzzed (a UInt64, s String) ENGINE = MergeTree ORDER BY a");
        var corpus = Corpus(store.OwnerSecret);
        var random = new Random(seed);
        var requests = Enumerable.Range(0, rounds).Select(_ => Mutated(corpus[random.Next(corpus.Length)], random)).ToArray();

        await Parallel.ForEachAsync(requests, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (request, _) => await SendAsync(store, request));

        Assert.True("Ok.\n" == await store.Reader.GetStringAsync(new Uri("/ping", UriKind.Relative)), $"seed {seed}");
        Assert.Equal("2\n", await StoreProcess.TextAsync(store.Reader, "SELECT 1 + 1"));
        Assert.True(ResidentBytes(store.Process.Id) < MostResidentBytes, $"seed {seed}: {ResidentBytes(store.Process.Id)} bytes");
        Assert.DoesNotContain("[6009]", store.Process.Output, StringComparison.Ordinal);
        Assert.Equal(0, await store.StopAsync());
    }

    /// <summary>Well-formed requests of every kind, from which the hostile ones are made.</summary>
    private static byte[][] Corpus(string secret)
    {
        var owner = $"Authorization: Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"tokenstream:{secret}"))}\r\n";
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write("1\tx\n2\ty\n"u8);
        }
        const string insert = "/?query=INSERT+INTO+tokenstream.fuzzed+FORMAT+";
        return
        [
            Request("GET /ping", "", []),
            Request("GET /?query=SELECT+number,toString(number)+FROM+numbers(1000)+FORMAT+JSON", "Accept-Encoding: gzip\r\n", []),
            Request("POST /?param_x=5&max_execution_time=2&default_format=Native&client_protocol_version=54460", "", "SELECT {x:UInt8}, [1,2], 'a', NULL"u8),
            Request("POST /?wait_end_of_query=1&query_id=a", "", "SELECT 'it\\'s', $$x$$, `a b` FROM (SELECT 1 AS `a b`) -- c\n/* d */ FORMAT CSVWithNames"u8),
            Request("POST " + insert + "TSV", owner + "Content-Encoding: gzip\r\n", packed.ToArray()),
            Request("POST " + insert + "RowBinary", owner, [1, 0, 0, 0, 0, 0, 0, 0, 2, (byte)'\n', (byte)'\n']),
            Request("POST " + insert + "RowBinary", owner + "Content-Encoding: lz4\r\n", [4, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82, 5, 0, 0, 0x80, 1, 2, 3, 4, 5, 0, 0, 0, 0]),
            Request("POST " + insert + "TSV", owner + "Content-Encoding: zstd\r\n", [0x28, 0xb5, 0x2f, 0xfd, 0x20, 4, 0x21, 0, 0, (byte)'1', 9, (byte)'x', 10]),
            Request("POST /", owner, "INSERT INTO tokenstream.fuzzed (a, s) VALUES (1, 'a'), (2, 'b')"u8),
            Encoding.ASCII.GetBytes("POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nSELECT\r\n2\r\n 1\r\n0\r\n\r\n"),
        ];
    }

    private static byte[] Request(string line, string headers, ReadOnlySpan<byte> body) =>
    [
        .. Encoding.ASCII.GetBytes($"{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}Content-Length: {body.Length}\r\n\r\n"), .. body,
    ];

    private static byte[] Mutated(byte[] request, Random random)
    {
        if (random.Next(10) == 0)
        {
            var noise = new byte[random.Next(1, 2000)];
            random.NextBytes(noise);
            return noise;
        }
        var bytes = new List<byte>(request);
        for (var change = random.Next(1, 6); change > 0 && bytes.Count > 0; change--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(5))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes.Insert(at, (byte)random.Next(256));
                    break;
                case 2:
                    bytes.RemoveRange(at, Math.Min(bytes.Count - at, random.Next(1, 20)));
                    break;
                case 3:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(bytes.Count - at, random.Next(1, 200))));
                    break;
                default:
                    bytes.InsertRange(at, Enumerable.Repeat(bytes[at], random.Next(1, 5000)));
                    break;
            }
        }
        return [.. bytes];
    }

    /// <summary>Sends the bytes, says that no more come, and reads whatever is answered to its end.</summary>
    private static async Task SendAsync(StoreProcess store, byte[] request)
    {
        using var patience = new CancellationTokenSource(LongestAnswer);
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(store.Address.Host, store.Address.Port, patience.Token);
            var stream = client.GetStream();
            await stream.WriteAsync(request, patience.Token);
            client.Client.Shutdown(SocketShutdown.Send);
            await stream.CopyToAsync(Stream.Null, patience.Token);
        }
        catch (Exception exception) when (exception is IOException or SocketException)
        {
            // The server may break off a connection that does not speak HTTP.
        }
    }

    private static long ResidentBytes(int process)
    {
        var line = File.ReadLines($"/proc/{process}/status").First(text => text.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) << 10;
    }
}
