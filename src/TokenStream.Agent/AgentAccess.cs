using System.Net;
using Microsoft.AspNetCore.Http;

namespace TokenStream.Agent;

/// <summary>
/// Who may ask the agent. With tokens everybody needs one. Without, whoever is on the machine is believed, but no browser on it: a page
/// that it shows must not spend a tenant's budget.
/// </summary>
internal sealed class AgentAccess(AgentOptions options)
{
    /// <summary>The agent's own header: to external authorization <c>Authorization</c> comes from the caller of the gateway.</summary>
    private const string TokenHeader = "x-tokenstream-token";
    private const string Scheme = "Bearer ";

    private readonly bool _isSocket = options.SocketPath is not null;

    /// <summary>Who asks; false where the refusal was written.</summary>
    /// <param name="context">The request.</param>
    /// <param name="forwards">Whether the host and origin are those of the gateway's caller, which say nothing of who asks the
    /// agent.</param>
    /// <param name="caller">Who asks.</param>
    public bool TryAdmit(HttpContext context, bool forwards, out AgentCaller caller)
    {
        caller = default;
        if (options.FindCaller is { } find)
        {
            if (Secret(context.Request, forwards) is { Length: > 0 } secret && find(secret) is { } known)
            {
                caller = known;
                return true;
            }

            context.Response.Headers.WWWAuthenticate = "Bearer";
            Answer.Error(
                context.Response, StatusCodes.Status401Unauthorized, "unauthorized",
                $"A token is needed: {(forwards ? TokenHeader : "Authorization: Bearer")} ts_..; 'tokenstream tokens add' makes one.");
            return false;
        }

        if (!forwards && !_isSocket && (context.Request.Headers.Origin.Count > 0 || !IsLocal(context.Request.Host.Host)))
        {
            Answer.Error(
                context.Response, StatusCodes.Status403Forbidden, "foreign",
                "Without tokens the agent answers programs of this machine, which address it as localhost or 127.0.0.1, and no web pages.");
            return false;
        }

        return true;
    }

    private static string Secret(HttpRequest request, bool forwards)
    {
        var own = request.Headers[TokenHeader].ToString();
        var header = forwards ? "" : request.Headers.Authorization.ToString();
        return own.Length > 0 ? own.Trim()
            : header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? header[Scheme.Length..].Trim()
            : "";
    }

    private static bool IsLocal(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || host == "127.0.0.1" ||
            (IPAddress.TryParse(host.AsSpan().Trim("[]"), out var address) && IPAddress.IsLoopback(address));
}
