using TokenStream.Governing.Alerts;
using TokenStream.Kafka;
using TokenStream.Yaml;

namespace TokenStream.Service.Options;

/// <summary>Reads <c>alerts: receivers:</c> of a node's configuration.</summary>
internal static class ReceiversSection
{
    /// <summary>The receivers; null where the section names none.</summary>
    public static IReadOnlyList<ReceiverOptions>? Read(YamlReader section, TextErrors errors)
    {
        var receivers = new List<ReceiverOptions>();
        var items = section.Items("receivers");
        foreach (var item in items)
        {
            var receiver = ReadOne(item, errors);
            if (receivers.Exists(other => other.Name == receiver.Name))
            {
                item.Error($"the receiver '{receiver.Name}' is named twice");
            }

            receivers.Add(receiver);
        }

        if (receivers.Count > ReceiverOptions.Most)
        {
            section.Error($"{receivers.Count} receivers are named; at most {ReceiverOptions.Most} are possible");
        }

        return items.Count > 0 ? receivers : null;
    }

    private static ReceiverOptions ReadOne(YamlReader item, TextErrors errors)
    {
        var name = item.Scalar("name");
        var kind = item.Scalar("kind");
        var url = item.Scalar("url");
        var receiver = new ReceiverOptions
        {
            Name = name?.Text ?? "",
            Kind = Kind(kind?.Text) ?? ReceiverKind.Webhook,
            Url = url?.Text ?? (Kind(kind?.Text) == ReceiverKind.PagerDuty ? ReceiverOptions.PagerDutyUrl : ""),
            Token = Secret(item, "token", errors),
            RoutingKey = Secret(item, "routing_key", errors),
            Routes = [.. item.Texts("routes").Select(text => text.Text)],
            Owners = [.. item.Texts("owners").Select(text => text.Text)],
            Severities = Severities(item, errors),
        };
        item.Close();
        if (!IsName(receiver.Name))
        {
            item.Error(name ?? (YamlTree)item.Map,
                $"'name' of a receiver must be 1 to {ReceiverOptions.MostNameCharacters} of a-z, 0-9, '.', '_', '-', beginning with a " +
                "letter or digit");
        }

        if (Kind(kind?.Text) is null)
        {
            item.Error(kind ?? (YamlTree)item.Map, "'kind' of a receiver must be alertmanager, webhook, slack or pagerduty");
        }

        CheckUrl(item, url, receiver);
        if ((receiver.Kind == ReceiverKind.PagerDuty) != (receiver.RoutingKey is not null))
        {
            item.Error("'routing_key' is what a receiver of kind pagerduty needs, and no other has");
        }

        return receiver;
    }

    private static void CheckUrl(YamlReader item, YamlScalar? url, ReceiverOptions receiver)
    {
        if (SecretReference.Problem(receiver.Url) is { } problem)
        {
            item.Error(url!, $"'url': {problem}");
        }
        else if (!Uri.TryCreate(SecretReference.Resolve(receiver.Url), UriKind.Absolute, out var address) ||
            address.Scheme is not ("http" or "https"))
        {
            // The address itself is not repeated: it may be a secret.
            item.Error(url ?? (YamlTree)item.Map, "'url' of a receiver must be an address that begins with http:// or https://");
        }
    }

    private static List<AlertSeverity> Severities(YamlReader item, TextErrors errors)
    {
        var severities = new List<AlertSeverity>();
        foreach (var text in item.Texts("severities"))
        {
            switch (text.Text)
            {
                case "info": severities.Add(AlertSeverity.Info); break;
                case "ticket": severities.Add(AlertSeverity.Ticket); break;
                case "page": severities.Add(AlertSeverity.Page); break;
                default: errors.Add(text, $"'{text.Text}' is not a severity; possible are info, ticket and page"); break;
            }
        }

        return severities;
    }

    private static ReceiverKind? Kind(string? text) => text switch
    {
        "alertmanager" => ReceiverKind.Alertmanager,
        "webhook" => ReceiverKind.Webhook,
        "slack" => ReceiverKind.Slack,
        "pagerduty" => ReceiverKind.PagerDuty,
        _ => null,
    };

    private static bool IsName(string text) =>
        text.Length is > 0 and <= ReceiverOptions.MostNameCharacters && char.IsAsciiLetterOrDigit(text[0]) &&
        text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '.' or '_' or '-');

    private static string? Secret(YamlReader item, string key, TextErrors errors)
    {
        var value = item.Scalar(key);
        if (value is not null && SecretReference.Problem(value.Text) is { } problem)
        {
            errors.Add(value, $"'{key}': {problem}");
        }

        return value?.Text;
    }
}
