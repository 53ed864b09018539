using TokenStream.Broker.Log;

namespace TokenStream.Broker.Protocol;

/// <summary>InitProducerId for idempotent producers. Transactions are not offered, so an id for one is refused.</summary>
internal sealed class ProducerIdHandler(LogStore store)
{
    public void Handle(RequestContext request)
    {
        WireReader from = request.Body();
        string? transactionalId = from.NullableString();
        bool refused = transactionalId is not null;
        WireWriter to = request.BeginResponse();
        to.Int32(0);
        to.Error(refused ? ErrorCode.InvalidRequest : ErrorCode.None);
        to.Int64(refused ? -1 : store.NextProducerId());
        to.Int16(refused ? (short)-1 : (short)0);
        to.Tags();
    }
}
