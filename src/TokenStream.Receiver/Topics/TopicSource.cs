using TokenStream.Mapping;
using TokenStream.Receiver.Intake;

namespace TokenStream.Receiver.Topics;

/// <summary>A topic whose records are payloads.</summary>
/// <param name="Topic">Its name.</param>
/// <param name="Source">The format of all its payloads; null where each record's headers say.</param>
/// <param name="Attribution">Where who and what for is, where it is not where the source usually has it.</param>
public sealed record TopicSource(string Topic, PayloadSource? Source, AttributionOverride Attribution);
