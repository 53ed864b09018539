using TokenStream.Commands;

namespace TokenStream.Governing;

/// <summary>Everything that people have asked of governing, as it stands: the pause and each request whose record is still there.</summary>
/// <param name="Requests">Those that are over among them, until their records are deleted.</param>
public sealed record GovernControls(GovernPause Pause, IReadOnlyList<ManualRequest> Requests)
{
    public static GovernControls None { get; } = new(GovernPause.Never, []);
}
