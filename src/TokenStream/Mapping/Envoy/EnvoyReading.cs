using TokenStream.Events;

namespace TokenStream.Mapping.Envoy;

/// <summary>One line of Envoy's access log on its way to be an event.</summary>
internal ref struct EnvoyReading(
    ReadOnlySpan<byte> payload, EnvoyPaths paths, JsonPathReader values, NativeEventWriter writer, int start)
{
    private const int FirstError = 400;

    private readonly ReadOnlySpan<byte> _payload = payload;
    private ItemReading _item = new(payload, paths.Names, values, writer, start);
    private ResultType _result;

    /// <summary>Writes the event, or says why there is none.</summary>
    public MappingError Map(ReadOnlySpan<byte> item, ref MappedItem mapped)
    {
        _result = Result();
        _ = TryTime(item) && TryAttribution(ref mapped) && TryModel() && TryUsage(ref mapped) && Finish();
        return _item.Error;
    }

    /// <summary>A line says when the request began and how long it took.</summary>
    private bool TryTime(ReadOnlySpan<byte> item)
    {
        if (!EpochTime.TryRead(_payload, in values[paths.StartTime], out var beganUs))
        {
            return _item.Refuse(MappingReason.TimeUnusable, paths.StartTime);
        }

        var node = values.FirstWithValue(paths.Duration);
        var took = node == 0 ? 0 : CountText.Duration(_payload, in values[node]).OrZero;
        var began = beganUs / 1000;
        if (began + took > EventLimits.LatestTimeMs)
        {
            return _item.Refuse(MappingReason.TimeUnusable, node);
        }

        _item.Identity(paths.RequestId, item);
        writer.Number("time"u8, began + took, "start_time + duration");
        writer.Number("started_at"u8, began, "start_time");
        return true;
    }

    private bool TryAttribution(ref MappedItem mapped) =>
        paths.Attribution.TryWrite(writer, _payload, values, ref mapped, out var refused)
        || _item.Refuse(MappingReason.TextUnusable, refused);

    /// <summary>
    /// A backend is called what its operator likes: <c>default/anthropic-us/route/chat/rule/0/ref/0</c>. Where its name tells a provider,
    /// it is one; else the model's maker stands for it, and the name where there is neither.
    /// </summary>
    private bool TryModel()
    {
        var node = values.FirstWithValue(paths.Backend);
        if (node != 0 && !NativeEventWriter.IsUsable(_payload, in values[node]))
        {
            return _item.Refuse(MappingReason.TextUnusable, node);
        }

        // A slash may be written as an escape, which nobody may cut in two: such a name is taken as a whole.
        var named = _item.Text(paths.Backend);
        var backend = values[node].IsPlain ? NameOf(named) : named;
        var maker = Makers.OfModel(_item.Text(paths.Model));
        if (backend.IsEmpty || (maker != Maker.None && !TellsProvider(backend)))
        {
            writer.Plain("provider"u8, maker == Maker.None ? "unknown"u8 : maker.Name(), "the model's maker: no backend tells a provider");
        }
        else
        {
            writer.Plain("provider"u8, backend, paths.Names.Path(node));
        }

        if (values.FirstWithValue(paths.Model) == 0)
        {
            writer.Plain("model"u8, "unknown"u8, "no field names one");
            return true;
        }

        if (!_item.TryRequired("model"u8, paths.Model))
        {
            return false;
        }

        _item.Optional("model_requested"u8, paths.ModelRequested);
        return true;
    }

    /// <summary>The backend's own name: what follows its namespace.</summary>
    private static ReadOnlySpan<byte> NameOf(ReadOnlySpan<byte> backend)
    {
        var first = backend.IndexOf((byte)'/');
        if (first < 0)
        {
            return backend;
        }

        var rest = backend[(first + 1)..];
        var second = rest.IndexOf((byte)'/');
        return second < 0 ? rest : rest[..second];
    }

    private static bool TellsProvider(ReadOnlySpan<byte> backend) =>
        Makers.OfProvider(backend) != Maker.None || backend.IndexOf("openai"u8) >= 0 || backend.IndexOf("anthropic"u8) >= 0
        || backend.IndexOf("azure"u8) >= 0 || backend.IndexOf("aws"u8) >= 0 || backend.IndexOf("gcp"u8) >= 0;

    private bool TryUsage(ref MappedItem mapped)
    {
        var convention = Conventions.OfEnvoy.Of(default);
        ReportedUsage reported = default;
        if (!_item.TryReport(paths.Usage, ref reported))
        {
            return false;
        }

        if (!convention.TryApply(in reported, out var usage))
        {
            return _item.Refuse(MappingReason.ConventionContradicted, paths.Usage.Input[0]);
        }

        if (_result == ResultType.Cancelled && usage.Standing != Standing.Unknown)
        {
            usage.Standing = Standing.Cut;
        }

        mapped.Standing = usage.Standing;
        _item.Usage(in usage, paths.Usage, convention);
        if (usage.Standing == Standing.Cut || (_result == ResultType.Ok && !(usage.TokensIn.IsKnown && usage.TokensOut.IsKnown)))
        {
            writer.Plain("completeness"u8, "estimated"u8, "no usage is told, or a part of it");
        }

        return true;
    }

    private readonly bool Finish()
    {
        writer.Plain(
            "result_type"u8,
            _result switch
            {
                ResultType.Ok => "ok"u8,
                ResultType.Timeout => "timeout"u8,
                ResultType.Cancelled => "cancelled"u8,
                ResultType.BlockedPolicy => "blocked_policy"u8,
                _ => "error"u8,
            },
            "response_code, response_flags");
        if (_result != ResultType.Ok)
        {
            _item.Optional("error_type"u8, paths.ErrorType);
        }

        _item.Duration("latency_ms"u8, paths.Duration);
        _item.Duration("ttft_ms"u8, paths.FirstToken);
        _item.Optional("request_id"u8, paths.RequestId);
        return true;
    }

    /// <summary>
    /// The flags say what a status does not: the client left (DC), time was up (UT, SI, DT), or Envoy itself refused (RL, UAEX).
    /// </summary>
    private readonly ResultType Result()
    {
        var flags = _item.Text(paths.Flags);
        var node = values.FirstWithValue(paths.Status);
        var status = node == 0 ? 0 : CountText.Duration(_payload, in values[node]).OrZero;
        return Has(flags, "DC"u8) || status == 499 ? ResultType.Cancelled
            : Has(flags, "UT"u8) || Has(flags, "SI"u8) || Has(flags, "DT"u8) || status is 408 or 504 ? ResultType.Timeout
            : Has(flags, "RL"u8) || Has(flags, "UAEX"u8) ? ResultType.BlockedPolicy
            : status >= FirstError || (status == 0 && !flags.IsEmpty) ? ResultType.Error
            : ResultType.Ok;
    }

    /// <summary>Whether one of the flags, which stand between commas, is the one given.</summary>
    private static bool Has(ReadOnlySpan<byte> flags, ReadOnlySpan<byte> flag)
    {
        foreach (var range in flags.Split((byte)','))
        {
            if (flags[range].SequenceEqual(flag))
            {
                return true;
            }
        }

        return false;
    }
}
