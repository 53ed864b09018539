using TokenStream.Budgets;
using Xunit;

namespace TokenStream.Tests.Budgets;

public sealed class DirectoryFileTests
{
    private const string Text = """
        tenants:
          acme:
            - {from: ever, organisation: north, owner: "A. Person", time_zone: Europe/Berlin, route: ops}
            - {from: 2026-07-01, organisation: south}
          "b c":
            - {from: 2026-01-01T06:00:00Z, route: finance}

        """;

    [Fact]
    public void What_holds_depends_on_the_time()
    {
        var directory = DirectoryFile.Load(Text).Directory!;
        Assert.Equal("north", directory.At("acme", 1_782_863_999_999)!.Organisation);
        Assert.Equal("south", directory.At("acme", 1_782_864_000_000)!.Organisation);
        Assert.Null(directory.At("acme", 1_782_864_000_000)!.Owner);
        Assert.Null(directory.At("b c", 1_767_247_199_999));
        Assert.Equal("finance", directory.At("b c", 1_767_247_200_000)!.Route);
    }

    [Fact]
    public void What_is_written_is_read_back_as_the_same()
    {
        Assert.Equal(Text, DirectoryFile.Write(DirectoryFile.Load(Text).Directory!));
        Assert.Equal("tenants: {}\n", DirectoryFile.Write(DirectoryFile.Load("tenants: {}").Directory!));
    }

    [Fact]
    public void Every_error_is_named_at_once()
    {
        const string Broken = """
            tenants:
              acme:
                - {from: yesterday, organisation: a}
                - {from: 2026-01-01, zone: UTC}
                - {from: 2026-01-01, time_zone: Nowhere}
            """;
        Assert.Equal(
            [
                "3:14: tenants.acme[0].from: 'yesterday' is not a date such as 2026-01-01, an instant in UTC such as 2026-01-01T06:00:00Z, or 'ever'",
                "4:26: tenants.acme[1].zone: 'zone' is not known here; possible are from, organisation, owner, route, time_zone",
                "5:14: tenants.acme[2].from: 'acme' has another entry from the same instant on",
                "5:37: tenants.acme[2].time_zone: 'Nowhere' is no time zone that this machine knows by its IANA name, such as Europe/Berlin or UTC",
            ],
            DirectoryFile.Load(Broken).Errors.Select(error => error.ToString()));
    }

    [Fact]
    public void Something_else_is_refused() => Assert.Equal("1:1: 'tenants' is missing", DirectoryFile.Load("budgets: []").Errors[0].ToString());
}
