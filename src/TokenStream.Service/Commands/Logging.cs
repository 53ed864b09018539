using Microsoft.Extensions.Logging;
using TokenStream.Service.Options;

namespace TokenStream.Service.Commands;

/// <summary>Where a command's log lines go: standard error, so that standard output stays the command's own.</summary>
internal static class Logging
{
    internal static ILoggerFactory Create(NodeOptions options, LogLevel least = LogLevel.Information) => LoggerFactory.Create(logging =>
    {
        logging.SetMinimumLevel(least).AddFilter("Microsoft", LogLevel.Error);
        logging.AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        if (options.JsonLogs)
        {
            logging.AddJsonConsole(json => (json.UseUtcTimestamp, json.TimestampFormat) = (true, "yyyy-MM-ddTHH:mm:ss.fffZ"));
        }
        else
        {
            logging.AddSimpleConsole(text => (text.SingleLine, text.UseUtcTimestamp, text.TimestampFormat) = (true, true, "HH:mm:ss.fff "));
        }
    });

    /// <summary>Lines appended to a file, for commands that show something else in the terminal.</summary>
    internal static ILoggerFactory ToFile(string path) => LoggerFactory.Create(logging =>
        logging.SetMinimumLevel(LogLevel.Information).AddFilter("Microsoft", LogLevel.Error).AddProvider(new FileLoggerProvider(path)));
}
