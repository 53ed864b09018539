using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using TokenStream.Events;

namespace TokenStream.Commands;

/// <summary>The JSON of a heartbeat: docs/commands.md.</summary>
public static class HeartbeatFormat
{
    public static byte[] Write(Heartbeat heartbeat) => JsonSerializer.SerializeToUtf8Bytes(
        new HeartbeatJson
        {
            Format = CommandFormat.Version,
            Partition = heartbeat.Partition,
            Epoch = heartbeat.Version.Epoch,
            Counter = heartbeat.Version.Counter,
            AtMs = heartbeat.AtMs,
            ActiveCommands = heartbeat.ActiveCommands,
            ActiveTenants = heartbeat.ActiveTenants,
            HitTenants = heartbeat.HitTenants,
            Paused = heartbeat.IsPaused,
            BreakerOpen = heartbeat.IsBreakerOpen ? true : null,
        },
        CommandJsonContext.Default.HeartbeatJson);

    /// <summary>Reads any bytes; false where they are no heartbeat of this format.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out Heartbeat? heartbeat)
    {
        heartbeat = null;
        if (!JsonBytes.TryRead(bytes, CommandJsonContext.Default.HeartbeatJson, out var json) || json.Format != CommandFormat.Version ||
            json.Partition < 0 || json.Epoch < 0 || json.Counter < 0 || json.AtMs < 0 ||
            json.ActiveCommands < 0 || json.ActiveTenants < 0 || json.HitTenants < 0)
        {
            return false;
        }

        heartbeat = new Heartbeat
        {
            Partition = json.Partition,
            Version = new CommandVersion(json.Epoch, json.Counter),
            AtMs = json.AtMs,
            ActiveCommands = json.ActiveCommands,
            ActiveTenants = json.ActiveTenants,
            HitTenants = json.HitTenants,
            IsPaused = json.Paused,
            IsBreakerOpen = json.BreakerOpen ?? false,
        };
        return true;
    }
}
