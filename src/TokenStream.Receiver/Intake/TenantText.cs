using System.Text.Json;

namespace TokenStream.Receiver.Intake;

/// <summary>The tenant of an event that was mapped: it is the record's key, without the escapes that JSON may have.</summary>
internal static class TenantText
{
    /// <summary>Most bytes of a tenant, as events have it.</summary>
    public const int MostBytes = 256;

    /// <summary>Writes the tenant's text, escapes undone; returns its length, 0 where an event (a tick) has none.</summary>
    /// <param name="written">The event, JSON.</param>
    /// <param name="tenant">The tenant as it stands in the event.</param>
    public static int Undo(ReadOnlySpan<byte> written, ReadOnlySpan<byte> tenant, Span<byte> into)
    {
        if (!tenant.Contains((byte)'\\'))
        {
            tenant.CopyTo(into);
            return tenant.Length;
        }

        written.Overlaps(tenant, out var at);
        var reader = new Utf8JsonReader(written.Slice(at - 1, tenant.Length + 2));
        reader.Read();
        return reader.CopyString(into);
    }
}
