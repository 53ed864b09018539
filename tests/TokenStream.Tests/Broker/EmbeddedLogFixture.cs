using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using TokenStream.Broker;
using TokenStream.Broker.Groups;
using TokenStream.Broker.Log;

namespace TokenStream.Tests.Broker;

/// <summary>An embedded log on a free port and in a directory of its own, which outlives <see cref="RestartAsync"/>.</summary>
internal sealed class EmbeddedLogFixture : IAsyncDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("embedded-log-").FullName;
    private readonly Func<BrokerOptions, BrokerOptions> _options;
    private readonly TimeProvider _time;

    private EmbeddedLogFixture(Func<BrokerOptions, BrokerOptions>? options, TimeProvider? time)
    {
        _options = options ?? (o => o);
        _time = time ?? TimeProvider.System;
    }

    public EmbeddedLog Log { get; private set; } = null!;

    public LogLines Lines { get; } = new();

    public static async Task<EmbeddedLogFixture> StartAsync(Func<BrokerOptions, BrokerOptions>? options = null, TimeProvider? time = null)
    {
        var fixture = new EmbeddedLogFixture(options, time);
        await fixture.OpenAsync();
        return fixture;
    }

    public BrokerOptions Options(string listen = "127.0.0.1:0") => _options(new BrokerOptions
    {
        Store = new LogStoreOptions { DataDirectory = _directory },
        Listen = listen,
        Groups = new GroupOptions { InitialRebalanceDelayMs = 0 },
    });

    public async Task RestartAsync()
    {
        await Log.DisposeAsync();
        await OpenAsync();
    }

    public Task<RawClient> ConnectAsync() => RawClient.ConnectAsync(Log.Address);

    public async ValueTask DisposeAsync()
    {
        await Log.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    private async Task OpenAsync() => Log = await EmbeddedLog.StartAsync(Options(), _time, new OneLogger(Lines));

    private sealed class OneLogger(LogLines lines) : ILoggerFactory
    {
        public ILogger CreateLogger(string categoryName) => lines;

        public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

        public void Dispose()
        {
        }
    }
}

/// <summary>Keeps the lines that were logged.</summary>
internal sealed class LogLines : ILogger
{
    private readonly List<(LogLevel Level, int Id, string Text)> _lines = [];

    public (LogLevel Level, int Id, string Text)[] All
    {
        get
        {
            lock (_lines)
            {
                return [.. _lines];
            }
        }
    }

    public IDisposable BeginScope<TState>(TState state)
        where TState : notnull
        => NullLogger.Instance.BeginScope(state);

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        lock (_lines)
        {
            _lines.Add((logLevel, eventId.Id, formatter(state, exception) + exception));
        }
    }
}
