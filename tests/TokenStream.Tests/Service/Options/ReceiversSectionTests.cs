using TokenStream.Governing.Alerts;
using TokenStream.Service.Options;
using Xunit;

namespace TokenStream.Tests.Service.Options;

public sealed class ReceiversSectionTests
{
    private static readonly string[] Complaints =
    [
        "'name' of a receiver", "'kind' of a receiver", "'url' of a receiver", "named twice", "'routing_key' is what", "'loud'", "NO_SUCH_VARIABLE_HERE",
        "colour",
    ];

    [Fact]
    public void Every_key_of_a_receiver_is_read()
    {
        var (options, errors) = NodeConfigFile.Read(
            """
            alerts:
              receivers:
                - {name: am, kind: alertmanager, url: "http://am:9093"}
                - {name: pd, kind: pagerduty, routing_key: key, severities: [page], owners: [team-a], routes: [night, day]}
                - {name: hook, kind: webhook, url: "https://hook.example", token: "${file:/dev/null}"}
            """,
            new NodeOptions());
        Assert.Empty(errors);
        Assert.Equal(
            [
                ("am", ReceiverKind.Alertmanager, "http://am:9093"), ("pd", ReceiverKind.PagerDuty, ReceiverOptions.PagerDutyUrl),
                ("hook", ReceiverKind.Webhook, "https://hook.example"),
            ],
            options.Receivers.Select(receiver => (receiver.Name, receiver.Kind, receiver.Url)));
        var pagerDuty = options.Receivers[1];
        Assert.Equal([AlertSeverity.Page], pagerDuty.Severities);
        Assert.Equal("key|team-a|night,day", $"{pagerDuty.RoutingKey}|{pagerDuty.Owners[0]}|{string.Join(',', pagerDuty.Routes)}");
        Assert.Equal("${file:/dev/null}", options.Receivers[2].Token);
    }

    [Fact]
    public void Every_error_is_named_at_once_and_no_address_is_repeated()
    {
        var (_, errors) = NodeConfigFile.Read(
            """
            alerts:
              receivers:
                - {name: A!, kind: carrier, url: "http://a"}
                - {name: two, kind: webhook, url: "secret-place"}
                - {name: two, kind: slack, url: "http://b", routing_key: k}
                - {name: pd, kind: pagerduty, severities: [loud]}
                - {name: x, kind: webhook, url: "${env:NO_SUCH_VARIABLE_HERE}", colour: red}
            """,
            new NodeOptions());
        Assert.All(Complaints, part => Assert.Contains(errors, error => error.Contains(part, StringComparison.Ordinal)));
        Assert.DoesNotContain(errors, error => error.Contains("secret-place", StringComparison.Ordinal));
    }
}
