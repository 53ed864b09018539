using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace TokenStream.IntegrationTests.Kafka;

/// <summary>
/// One broker of Apache Kafka on a folder and ports of its own, started by the script that <c>TOKENSTREAM_KAFKA_HOME</c> holds.
/// </summary>
internal sealed class RealKafka : IDisposable
{
    /// <summary>The script's distance between a broker's port and its controller's.</summary>
    private const int ControllerDistance = 100;

    /// <summary>With KIP-848 the session's length is the broker's: 45 s by default, for which no test should wait.</summary>
    private const string QuickSessions =
        "group.consumer.min.session.timeout.ms=6000\ngroup.consumer.session.timeout.ms=6000\n"
        + "group.consumer.min.heartbeat.interval.ms=1000\ngroup.consumer.heartbeat.interval.ms=1000\n";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tokenstream-kafka-");
    private readonly int _port = FreePort();

    public RealKafka()
    {
        File.WriteAllText(Extra(_folder), QuickSessions);
        Run("start");
        Bootstrap = $"127.0.0.1:{_port}";
    }

    public static bool IsThere => Environment.GetEnvironmentVariable("TOKENSTREAM_KAFKA_HOME") is { Length: > 0 } home && Directory.Exists(home);

    public string Bootstrap { get; }

    /// <summary>Runs one of Kafka's own tools, against whatever its arguments name, and returns what it printed.</summary>
    public static string Tool(params string[] arguments)
    {
        var folder = Directory.CreateTempSubdirectory("tokenstream-kafka-tool-");
        try
        {
            return Run(folder, FreePort(), ["tool", .. arguments]);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    public void Kill() => Run("kill", "1");

    public void Restart() => Run("restart", "1");

    public void Dispose()
    {
        Run("wipe");
        _folder.Delete(recursive: true);
    }

    private void Run(params string[] arguments) => Run(_folder, _port, arguments);

    private static string Run(DirectoryInfo folder, int port, params string[] arguments)
    {
        // Into a file: the broker inherits a pipe, and reading that to its end would wait for the broker's.
        var output = Path.Combine(folder.FullName, $"{Guid.NewGuid():N}.out");
        var script = Path.Combine(Environment.GetEnvironmentVariable("TOKENSTREAM_KAFKA_HOME")!, "kafka");
        var start = new ProcessStartInfo("bash", ["-c", "out=$1; shift; exec \"$@\" >\"$out\" 2>&1 </dev/null", "bash", output, script, .. arguments]);
        start.Environment["KAFKA_DIR"] = Path.Combine(folder.FullName, "data");
        start.Environment["KAFKA_PORT"] = port.ToString(CultureInfo.InvariantCulture);
        if (File.Exists(Extra(folder)))
        {
            start.Environment["KAFKA_EXTRA"] = Extra(folder);
        }

        using var process = Process.Start(start)!;
        process.WaitForExit();
        var text = File.ReadAllText(output);
        return process.ExitCode == 0 ? text : throw new InvalidOperationException($"kafka {string.Join(' ', arguments)} failed: {text}");
    }

    private static string Extra(DirectoryInfo folder) => Path.Combine(folder.FullName, "extra.properties");

    private static int FreePort()
    {
        while (true)
        {
            using var broker = new TcpListener(IPAddress.Loopback, 0);
            broker.Start();
            var port = ((IPEndPoint)broker.LocalEndpoint).Port;
            try
            {
                using var controller = new TcpListener(IPAddress.Loopback, port + ControllerDistance);
                controller.Start();
                return port;
            }
            catch (SocketException)
            {
                // The pair is not free; the next one may be.
            }
            catch (ArgumentOutOfRangeException)
            {
                // The port lies at the upper end.
            }
        }
    }
}
