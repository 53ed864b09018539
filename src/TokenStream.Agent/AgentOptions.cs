using System.Globalization;
using System.Net;

namespace TokenStream.Agent;

/// <summary>Whose token a request carries.</summary>
/// <param name="Tenant">The only tenant that it may ask for; null for all.</param>
public readonly record struct AgentCaller(string? Tenant);

/// <summary>How the agent is reached and what it holds; how it reaches the stream is said by the gateway library's own options.</summary>
public sealed class AgentOptions
{
    private const string UnixPrefix = "unix:";

    /// <summary>An address and port, or <c>unix:PATH</c> for a socket of this machine.</summary>
    public string Listen { get; set; } = "127.0.0.1:7070";

    /// <summary>Allows an address that other machines reach; needs <see cref="FindCaller"/>.</summary>
    public bool AllowRemote { get; set; }

    /// <summary>Finds whose a token is, null for nobody's. Where it is set every request but health and metrics needs a token.</summary>
    public Func<string, AgentCaller?>? FindCaller { get; set; }

    /// <summary>The provider of requests that name none.</summary>
    public string DefaultProvider { get; set; } = "";

    /// <summary>How long an admitted request may take; one that nobody ends by then counts as having used all that was reserved.</summary>
    public TimeSpan ReservationLifetime { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>Admitted requests that may run at once; beyond it the oldest count as ended.</summary>
    public int MostReservations { get; set; } = 100_000;

    /// <summary>How long <c>/v1/complete</c> waits for the log before it answers that the event is on its way.</summary>
    public TimeSpan ConfirmTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a stopping agent waits for the requests that it is answering.</summary>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The headers that tell external authorization who asks and for what.</summary>
    public ExtAuthzHeaders Headers { get; } = new();

    /// <summary>The socket's path; null where an address is listened on.</summary>
    internal string? SocketPath => Listen.StartsWith(UnixPrefix, StringComparison.Ordinal) ? Listen[UnixPrefix.Length..] : null;

    /// <summary>Every error of these options at once, each a sentence that names the option.</summary>
    public IReadOnlyList<string> Errors()
    {
        var errors = new List<string>();
        if (SocketPath is { } path)
        {
            Require(errors, path.Length is > 0 and <= 100, "--listen unix:PATH needs a path of at most 100 characters.");
        }
        else if (!IPEndPoint.TryParse(Listen, out var address) || !Listen.Contains(':', StringComparison.Ordinal))
        {
            errors.Add($"--listen {Listen} is neither an address and port, such as 127.0.0.1:7070, nor unix:PATH.");
        }
        else if (!IPAddress.IsLoopback(address.Address))
        {
            Require(errors, AllowRemote, $"--listen {Listen} is reached by other machines: say --allow-remote where that is meant.");
            Require(
                errors, FindCaller is not null,
                $"--listen {Listen} is reached by other machines: name the file of tokens (--tokens, made by 'tokenstream tokens add').");
        }

        Require(errors, ReservationLifetime > TimeSpan.Zero, "--reservation-timeout must be more than nothing.");
        Require(errors, ConfirmTimeout >= TimeSpan.Zero, "--confirm-timeout is negative.");
        Require(
            errors, MostReservations is >= 1 and <= 10_000_000,
            string.Create(CultureInfo.InvariantCulture, $"--reservations is {MostReservations}; it must lie between 1 and 10000000."));
        return errors;
    }

    private static void Require(List<string> errors, bool holds, string error)
    {
        if (!holds)
        {
            errors.Add(error);
        }
    }
}
