using TokenStream.Receiver.Intake;

namespace TokenStream.Receiver.Http;

/// <summary>Answers as OpenMeter does, 204 and nothing else: its clients take any other answer for a failure.</summary>
internal sealed class OpenMeterAnswer : AnswerForm
{
    public override int TakenStatus => 204;

    public override byte[] Taken(MappedPayload payload) => [];
}
