namespace TokenStream.Mapping;

/// <summary>
/// Where a source says who asked and what for: for each field the paths to look at, of which the first that has a value counts. How paths
/// are written: docs/connect/README.md.
/// </summary>
public sealed record AttributionPaths
{
    public IReadOnlyList<string> Tenant { get; init; } = [];

    public IReadOnlyList<string> App { get; init; } = [];

    public IReadOnlyList<string> Feature { get; init; } = [];

    public IReadOnlyList<string> Environment { get; init; } = [];

    public IReadOnlyList<string> User { get; init; } = [];

    public IReadOnlyList<string> Session { get; init; } = [];

    /// <summary>The tenant of what names none.</summary>
    public string DefaultTenant { get; init; } = "default";
}

/// <summary>Attribution paths compiled into a mapper's tree.</summary>
internal sealed class Attribution
{
    private readonly JsonPaths _paths;
    private readonly int[] _tenant;
    private readonly int[] _app;
    private readonly int[] _feature;
    private readonly int[] _environment;
    private readonly int[] _user;
    private readonly int[] _session;
    private readonly byte[] _defaultTenant;

    /// <exception cref="FormatException">A path is none, or the default tenant is no tenant.</exception>
    public Attribution(JsonPaths paths, AttributionPaths names)
    {
        _paths = paths;
        (_tenant, _app, _feature) = (paths.AddAll(names.Tenant), paths.AddAll(names.App), paths.AddAll(names.Feature));
        (_environment, _user, _session) = (paths.AddAll(names.Environment), paths.AddAll(names.User), paths.AddAll(names.Session));
        _defaultTenant = EncodeTenant(names.DefaultTenant);
    }

    /// <summary>The default tenant as JSON has it.</summary>
    /// <exception cref="FormatException">It is no tenant.</exception>
    public static byte[] EncodeTenant(string name)
    {
        var tenant = System.Text.Json.JsonEncodedText.Encode(name).EncodedUtf8Bytes;
        return NativeEventWriter.IsUsable(tenant, new JsonValue(JsonKind.Text, 0, tenant.Length)) && !tenant.IsEmpty
            ? tenant.ToArray()
            : throw new FormatException($"'{name}' cannot be a tenant: it has 1 to 256 bytes and no control characters.");
    }

    /// <summary>Writes who and what for; false with the path where the tenant's text cannot be one.</summary>
    public bool TryWrite(NativeEventWriter writer, ReadOnlySpan<byte> payload, JsonPathReader values, ref MappedItem item, out int refused)
    {
        if (!TryWriteTenant(writer, payload, values, ref item, out refused))
        {
            return false;
        }

        Write("app"u8, _app, writer, payload, values);
        Write("feature"u8, _feature, writer, payload, values);
        Write("environment"u8, _environment, writer, payload, values);
        Write("user_id"u8, _user, writer, payload, values);
        Write("session_id"u8, _session, writer, payload, values);
        return true;
    }

    /// <summary>Writes whose event it is, and nothing else of who and what for.</summary>
    public bool TryWriteTenant(
        NativeEventWriter writer, ReadOnlySpan<byte> payload, JsonPathReader values, ref MappedItem item, out int refused)
    {
        refused = values.FirstWithValue(_tenant);
        item.IsTenantDefault = refused == 0;
        if (refused == 0)
        {
            writer.TenantId(_defaultTenant, "the default: no path has a value");
        }
        else if (NativeEventWriter.IsUsable(payload, in values[refused]))
        {
            writer.TenantId(values[refused].Of(payload), _paths.Path(refused));
        }
        else
        {
            return false;
        }

        return true;
    }

    private void Write(
        ReadOnlySpan<byte> field, int[] candidates, NativeEventWriter writer, ReadOnlySpan<byte> payload, JsonPathReader values)
    {
        var node = values.FirstWithValue(candidates);
        if (node != 0)
        {
            writer.Optional(field, payload, in values[node], _paths.Path(node));
        }
    }
}
