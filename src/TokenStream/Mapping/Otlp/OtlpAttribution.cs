namespace TokenStream.Mapping.Otlp;

/// <summary>
/// Attribution paths of traces, compiled. <c>tenant.id</c> is an attribute of the span or, where it has none, of a span around it in the
/// same payload; <c>resource:service.name</c> one of its resource; <c>metadata#team.name</c> a member of JSON that an attribute holds; and
/// <c>tag.tags[feature]</c> what follows <c>feature:</c> in one of an attribute's texts.
/// </summary>
internal sealed class OtlpAttribution
{
    private const string OfResource = "resource:";

    private readonly OtlpAttributionPath[] _tenant;
    private readonly (byte[] Field, OtlpAttributionPath[] Paths)[] _fields;
    private readonly byte[] _defaultTenant;

    /// <exception cref="FormatException">A path is none, or the default tenant is no tenant.</exception>
    public OtlpAttribution(OtlpKeys keys, AttributionPaths names)
    {
        _tenant = Compile(keys, names.Tenant);
        _fields =
        [
            ("app"u8.ToArray(), Compile(keys, names.App)), ("feature"u8.ToArray(), Compile(keys, names.Feature)),
            ("environment"u8.ToArray(), Compile(keys, names.Environment)), ("user_id"u8.ToArray(), Compile(keys, names.User)),
            ("session_id"u8.ToArray(), Compile(keys, names.Session)),
        ];
        _defaultTenant = Attribution.EncodeTenant(names.DefaultTenant);
    }

    /// <summary>
    /// Writes who and what for, as the first of some spans says that tells of one request; false with the path where the tenant's text
    /// cannot be one.
    /// </summary>
    public bool TryWrite(
        NativeEventWriter writer, ReadOnlySpan<byte> payload, OtlpTraces traces, ReadOnlySpan<int> spans, ref MappedItem item,
        out string refused)
    {
        refused = "";
        var isFound = TryFind(payload, traces, spans, _tenant, out var tenant, out var from);
        item.IsTenantDefault = !isFound;
        if (!isFound)
        {
            writer.TenantId(_defaultTenant, "the default: no path has a value");
        }
        else if (!writer.TryTenantText(tenant, from))
        {
            refused = from;
            return false;
        }

        foreach (var (field, paths) in _fields)
        {
            if (TryFind(payload, traces, spans, paths, out var text, out from))
            {
                writer.OptionalText(field, text, from);
            }
        }

        return true;
    }

    private static bool TryFind(
        ReadOnlySpan<byte> payload, OtlpTraces traces, ReadOnlySpan<int> spans, OtlpAttributionPath[] paths, out ReadOnlySpan<byte> text,
        out string from)
    {
        foreach (var path in paths)
        {
            foreach (var span in spans)
            {
                if (traces.Has(path.Key) && path.TryFind(new OtlpSpanView(traces, payload, span), out text))
                {
                    from = path.Written;
                    return true;
                }
            }
        }

        text = default;
        from = "";
        return false;
    }

    private static OtlpAttributionPath[] Compile(OtlpKeys keys, IReadOnlyList<string> paths) =>
        [.. paths.Select(path => Compile(keys, path))];

    private static OtlpAttributionPath Compile(OtlpKeys keys, string path)
    {
        var isOfResource = path.StartsWith(OfResource, StringComparison.Ordinal);
        var name = isOfResource ? path[OfResource.Length..] : path;
        var (hash, bracket) = (name.IndexOf('#', StringComparison.Ordinal), name.EndsWith(']') ? name.LastIndexOf('[') : -1);
        var end = hash >= 0 ? hash : bracket >= 0 ? bracket : name.Length;
        if (end == 0)
        {
            throw new FormatException($"'{path}' is not a path: it begins with the name of an attribute.");
        }

        var json = hash >= 0 ? new JsonPaths() : null;
        var node = json?.Add(name[(hash + 1)..]) ?? 0;
        var tag = hash < 0 && bracket >= 0 ? name[(bracket + 1)..^1] : "";
        return bracket >= 0 && hash < 0 && tag.Length == 0
            ? throw new FormatException($"'{path}' is not a path: between its brackets stands the name of a tag.")
            : new OtlpAttributionPath(path, keys.Add(name[..end]), isOfResource, json is null ? null : new OtlpJsonText(json), node, tag);
    }
}
