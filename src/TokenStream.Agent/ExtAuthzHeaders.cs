namespace TokenStream.Agent;

/// <summary>The names of the headers that tell external authorization what a body does not.</summary>
public sealed class ExtAuthzHeaders
{
    public string Tenant { get; set; } = "x-tenant-id";

    public string App { get; set; } = "x-app";

    public string Feature { get; set; } = "x-feature";

    public string Environment { get; set; } = "x-environment";

    public string User { get; set; } = "x-user-id";

    public string Session { get; set; } = "x-session-id";

    public string Provider { get; set; } = "x-provider";

    public string Model { get; set; } = "x-model";

    public string MaxTokens { get; set; } = "x-max-tokens";

    public string RequestId { get; set; } = "x-request-id";

    /// <summary>Takes <c>FIELD=HEADER</c>; false where the field is none of these or the header is no name.</summary>
    public bool TrySet(string assignment)
    {
        var parts = assignment.Split('=', 2, StringSplitOptions.TrimEntries);
        if (parts.Length != 2 || parts[1].Length == 0 || !parts[1].All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_'))
        {
            return false;
        }

        Action<string>? set = parts[0] switch
        {
            "tenant" => name => Tenant = name,
            "app" => name => App = name,
            "feature" => name => Feature = name,
            "environment" => name => Environment = name,
            "user" => name => User = name,
            "session" => name => Session = name,
            "provider" => name => Provider = name,
            "model" => name => Model = name,
            "max_tokens" => name => MaxTokens = name,
            "request_id" => name => RequestId = name,
            _ => null,
        };
        set?.Invoke(parts[1]);
        return set is not null;
    }
}
