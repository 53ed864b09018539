namespace TokenStream.Broker.Protocol;

/// <summary>Says which APIs are offered in which versions.</summary>
internal static class ApiVersionsHandler
{
    public static void Answer(RequestContext request)
    {
        WireWriter to = request.BeginResponse();
        to.Error(ErrorCode.None);
        WriteOffer(to);
        if (request.Version >= 1)
        {
            to.Int32(0);
        }

        to.Tags();
    }

    /// <summary>
    /// A client newer than this log asked in a version not offered: the layout of version 0, which every client reads, with the list.
    /// </summary>
    public static void AnswerUnsupported(RequestContext request)
    {
        WireWriter to = request.Response;
        to.Begin(flexible: false);
        to.Int32(request.CorrelationId);
        to.Error(ErrorCode.UnsupportedVersion);
        WriteOffer(to);
    }

    private static void WriteOffer(WireWriter to)
    {
        to.ArrayLength(ApiTable.Offered.Length);
        foreach (ApiRange range in ApiTable.Offered)
        {
            to.Int16((short)range.Key);
            to.Int16(range.Min);
            to.Int16(range.Max);
            to.Tags();
        }
    }
}
