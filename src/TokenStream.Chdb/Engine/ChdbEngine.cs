using System.Globalization;
using System.Text;

namespace TokenStream.Chdb.Engine;

/// <summary>
/// The embedded ClickHouse: one data directory in a process, opened once. One connection stays open for as long as the engine runs, since
/// closing the last one stops it and opening another starts it again.
/// </summary>
internal sealed class ChdbEngine : IAsyncDisposable
{
    private readonly ChdbEngineOptions _options;
    private readonly ChdbSignals _signals;
    private readonly FileStream _lock;
    private readonly ChdbThread _control;
    private readonly Dictionary<ChdbWork, ChdbLane> _lanes;
    private readonly string _path;
    private nint _anchor;
    private long _sessions;

    private ChdbEngine(ChdbEngineOptions options, ChdbSignals signals, FileStream directoryLock, TimeProvider time)
    {
        _options = options;
        _signals = signals;
        _lock = directoryLock;
        Time = time;
        _path = $"--path={Path.Combine(options.DataDirectory, "engine")}";
        _control = new ChdbThread("chdb-control");
        _lanes = new Dictionary<ChdbWork, ChdbLane>
        {
            [ChdbWork.Read] = new("read", options.ReaderThreads, time),
            [ChdbWork.Owner] = new("owner", 2, time),
            [ChdbWork.Insert] = new("insert", 2, time),
            [ChdbWork.Maintain] = new("maintain", 1, time),
        };
    }

    internal TimeProvider Time { get; }

    /// <summary>The engine's version, such as 26.7.2.1.</summary>
    internal string Version { get; private set; } = "";

    /// <summary>The time zone that dates are shown in.</summary>
    internal string TimeZone { get; private set; } = "";

    /// <summary>Opens the data directory and starts the engine in it.</summary>
    /// <exception cref="ChdbStartException">The library is missing, or the directory is unusable or held by another process.</exception>
    internal static async Task<ChdbEngine> OpenAsync(ChdbEngineOptions options, TimeProvider time)
    {
        ChdbLibrary.Load();
        var engine = new ChdbEngine(options, ChdbSignals.Save(), LockDirectory(options.DataDirectory), time);
        try
        {
            await engine._control.RunAsync(engine.Start);
        }
        catch
        {
            await engine.DisposeAsync();
            throw;
        }
        return engine;
    }

    /// <summary>A session for one request, on a thread of the given kind of work.</summary>
    /// <param name="database">The current database; null is the readers' one.</param>
    /// <param name="settings">Names and values; the caller has chosen which names are allowed.</param>
    /// <exception cref="ChdbException">The engine refused role, database or a setting; 202 where no thread became free in time.</exception>
    internal async Task<ChdbSession> OpenSessionAsync(
        ChdbWork work, ChdbRole role, string? database, IReadOnlyDictionary<string, string> settings, CancellationToken cancellation)
    {
        var lane = _lanes[work];
        var thread = await lane.RentAsync(cancellation);
        ChdbSession? session = null;
        try
        {
            var connection = await thread.RunAsync(() => Connect([_path]));
            session = new ChdbSession(this, lane, thread, connection, NextTag());
            await session.RunAsync(role == ChdbRole.Owner ? "SET ROLE owner" : "SET ROLE reader");
            await session.RunAsync($"USE {Sql.Name(database ?? _options.Database)}");
            await session.RunAsync(SetStatement(role, settings));
            return session;
        }
        catch
        {
            if (session is not null)
            {
                await session.DisposeAsync();
            }
            else
            {
                lane.Return(thread);
            }
            throw;
        }
    }

    /// <summary>Asks the engine to stop what the session with this tag runs; returns at once, whether or not it has ended.</summary>
    internal Task KillAsync(string tag) => _control.RunAsync(() =>
    {
        Run(_anchor, $"KILL QUERY WHERE startsWith(query, {Sql.Text(tag.TrimEnd())}) ASYNC", "Null");
        return true;
    });

    /// <summary>Asks the engine to stop everything that sessions run.</summary>
    internal Task KillAllAsync() => KillAsync("/* tokenstream ");

    /// <summary>Ends the engine; sessions must be disposed.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var lane in _lanes.Values)
        {
            lane.Dispose();
        }
        await _control.RunAsync(() =>
        {
            if (_anchor != 0)
            {
                ChdbCall.Close(_anchor);
                _anchor = 0;
            }
            return true;
        });
        _control.Dispose();
        await _lock.DisposeAsync();
    }

    /// <summary>
    /// The engine has a lock of its own, but tells its reason to stderr only; this one is asked first. The operating system drops it with
    /// the process, however that ends.
    /// </summary>
    private static FileStream LockDirectory(string directory)
    {
        try
        {
            Directory.CreateDirectory(directory);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ChdbStartException(
                $"The store's data directory {directory} cannot be created ({exception.Message}): name another directory with --data.",
                exception);
        }
        try
        {
            return new FileStream(Path.Combine(directory, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new ChdbStartException(
                $"The store's data directory {directory} cannot be written: " +
                "give this user the right, or name another directory with --data.",
                exception);
        }
        catch (IOException exception)
        {
            throw new ChdbStartException(
                $"The store's data directory {directory} is held by another process: stop that one, or name another directory with --data.",
                exception);
        }
    }

    private bool Start()
    {
        var configuration = EngineFiles.Write(_options);
        ChdbNative.SetSignalHandlersEnabled(0);
        _anchor = Connect([_path, $"--config-file={configuration}", "--log-level=none"]);
        Run(_anchor, "SET ROLE owner", "Null");
        Run(_anchor, $"CREATE DATABASE IF NOT EXISTS {Sql.Name(_options.Database)}", "Null");
        Version = Run(_anchor, "SELECT version()", "LineAsString");
        TimeZone = Run(_anchor, "SELECT timezone()", "LineAsString");
        return true;
    }

    private nint Connect(IReadOnlyList<string> arguments)
    {
        var connection = ChdbCall.Connect(arguments);
        _signals.Restore();
        return connection != 0
            ? connection
            : throw new ChdbStartException(
                $"The embedded store cannot open its data in {_options.DataDirectory}; the engine's reason stands above on stderr; name " +
                "another directory with --data.");
    }

    private static string Run(nint connection, string sql, string format)
    {
        using var none = new Utf8Arguments([]);
        var result = ChdbCall.Query(connection, Encoding.UTF8.GetBytes(sql), format, none, none);
        var chunk = ChdbChunk.Of(result);
        var text = Encoding.UTF8.GetString(chunk.Slice(0, int.MaxValue)).TrimEnd('\n');
        ChdbNative.DestroyResult(result);
        return text;
    }

    /// <summary>Readers' limits come last and lock the session: nothing can change a setting of it afterwards.</summary>
    private string SetStatement(ChdbRole role, IReadOnlyDictionary<string, string> settings)
    {
        var set = new Dictionary<string, string>(settings, StringComparer.Ordinal);
        if (role == ChdbRole.Reader)
        {
            var limits = _options.ReaderLimits;
            AtMost(set, "max_execution_time", limits.MaxExecutionSeconds);
            AtMost(set, "max_memory_usage", limits.MaxMemoryBytes);
            AtMost(set, "max_result_rows", limits.MaxResultRows);
            AtMost(set, "max_threads", limits.MaxThreads);
            set["result_overflow_mode"] = "throw";
            set["readonly"] = "1";
        }
        return set.Count == 0 ? "SELECT 1" : "SET " + string.Join(", ", set.Select(pair => $"{pair.Key} = {Sql.Text(pair.Value)}"));
    }

    private static void AtMost(Dictionary<string, string> set, string name, long limit)
    {
        var asked = set.TryGetValue(name, out var text)
            && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value > 0 ? value : limit;
        set[name] = Math.Min(asked, limit).ToString(CultureInfo.InvariantCulture);
    }

    private string NextTag() => string.Create(CultureInfo.InvariantCulture, $"/* tokenstream {Interlocked.Increment(ref _sessions):x} */ ");
}
