using TokenStream.Governing.Alerts;
using TokenStream.Service.Alerting;
using TokenStream.Service.Options;
using Xunit;
using static TokenStream.Tests.Service.Alerting.AlertFixture;

namespace TokenStream.Tests.Service.Alerting;

public sealed class AlertBookTests
{
    private readonly ReceiverOptions _all = AReceiver(ReceiverKind.Webhook);

    [Fact]
    public void A_receiver_is_told_once_that_it_fires_and_once_that_it_is_over()
    {
        var book = Book(_all);
        book.Take(Begin(), 10, Untold);
        book.Take(Begin(), 11, Untold);
        Assert.Equal([Told.Firing], TellAll(book));
        book.Take(End(), 12, Untold);
        book.Take(End(), 13, Untold);
        Assert.Equal([Told.Resolved], TellAll(book));
        Assert.Empty(TellAll(book));
    }

    [Fact]
    public void What_began_and_ended_while_a_receiver_was_away_is_told_as_such()
    {
        var book = Book(_all);
        book.Take(Begin(), 10, Untold);
        book.Take(End(), 11, Untold);
        Assert.Equal([Told.Firing, Told.Resolved], TellAll(book));
    }

    [Fact]
    public void What_begins_again_after_its_end_is_another_alert_and_old_records_of_it_change_nothing()
    {
        var book = Book(_all);
        book.Take(Begin(), 10, Untold);
        book.Take(End(), 11, Untold);
        TellAll(book);
        book.Take(Begin(startedMs: StartMs + 90_000), 12, Untold);
        book.Take(End(), 13, Untold);
        Assert.Equal([Told.Firing], TellAll(book));
        Assert.Equal(1, book.Open);
    }

    [Fact]
    public void What_is_said_to_begin_twice_is_one_alert_from_its_first_beginning()
    {
        var book = Book(_all);
        book.Take(Begin(), 10, Untold);
        TellAll(book);
        book.Take(Begin(startedMs: StartMs + 1000), 11, Untold);
        Assert.Empty(TellAll(book));
        book.Take(End(startedMs: StartMs + 1000), 12, Untold);
        var told = Assert.Single(book.Pending(0, 9));
        Assert.Equal((Told.Resolved, StartMs), (told.What, told.First.StartedMs));
    }

    [Fact]
    public void Events_and_what_a_budget_that_observes_brings_about_are_not_told()
    {
        var book = Book(_all);
        book.Take(Begin() with { Kind = TransitionKind.Issued }, 10, Untold);
        book.Take(Begin("b") with { Notifies = false }, 11, Untold);
        book.Take(End("b"), 12, Untold);
        Assert.Empty(TellAll(book));
    }

    [Fact]
    public void An_end_that_no_longer_notifies_ends_what_was_told()
    {
        var book = Book(_all);
        book.Take(Begin(), 10, Untold);
        TellAll(book);
        book.Take(End() with { Notifies = false }, 11, Untold);
        Assert.Equal([Told.Resolved], TellAll(book));
    }

    [Theory]
    [InlineData("night", null, null, true)]
    [InlineData("day", null, null, false)]
    [InlineData(null, "team-a", null, true)]
    [InlineData(null, "team-b", null, false)]
    [InlineData(null, null, AlertSeverity.Page, true)]
    [InlineData(null, null, AlertSeverity.Ticket, false)]
    public void Receivers_take_alerts_by_route_owner_and_severity(string? route, string? owner, AlertSeverity? severity, bool takes)
    {
        var book = Book(_all with
        {
            Routes = route is null ? [] : [route],
            Owners = owner is null ? [] : [owner],
            Severities = severity is null ? [] : [severity.Value],
        });
        book.Take(Begin(), 10, Untold);
        Assert.Equal(takes ? 1 : 0, book.CountPending(0));
        Assert.Equal(takes ? 0 : 1, book.Unrouted);
    }

    [Fact]
    public void A_successor_reads_from_the_oldest_alert_and_knows_who_was_told_what()
    {
        var book = Book(_all);
        book.Take(Begin("a"), 10, Untold);
        TellAll(book);
        book.Take(Begin("b"), 20, Untold);
        Assert.Equal(10, book.LowestNeeded(21));
        Assert.Equal(20, book.ToldThrough(0, 21));
        book.Take(End("a"), 30, Untold);
        Assert.Equal(20, book.ToldThrough(0, 31));
        TellAll(book);
        Assert.Equal(31, book.ToldThrough(0, 31));

        var successor = Book(_all);
        successor.Take(Begin("a"), 10, [true]);
        successor.Take(Begin("b"), 20, [false]);
        successor.Take(End("a"), 30, [false]);
        Assert.Equal([("b", Told.Firing), ("a", Told.Resolved)], successor.Pending(0, 9).Select(n => (n.First.Fingerprint, n.What)));
    }

    [Fact]
    public void A_receiver_that_is_new_hears_of_what_lasts_only()
    {
        var book = new AlertBook([_all]);
        book.Take(Begin("a"), 10, Untold);
        book.Take(End("a"), 11, Untold);
        book.Take(Begin("b"), 12, Untold);
        book.BecomeReady([0]);
        Assert.Equal("b", Assert.Single(book.Pending(0, 9)).First.Fingerprint);
    }

    [Fact]
    public void What_is_over_and_told_is_forgotten_after_a_while_and_what_nobody_speaks_of_after_long()
    {
        var book = Book(_all);
        book.Take(Begin("a"), 10, Untold);
        book.Take(End("a"), 11, Untold);
        book.Take(Begin("b"), 12, Untold);
        TellAll(book);
        book.Forget(StartMs + 60_000 + AlertBook.RepeatedMs);
        Assert.Equal(10, book.LowestNeeded(13));
        book.Forget(StartMs + 60_001 + AlertBook.RepeatedMs);
        Assert.Equal(12, book.LowestNeeded(13));
        book.Forget(StartMs + 1 + AlertBook.LongestMs);
        Assert.Equal(13, book.LowestNeeded(13));
    }

    [Fact]
    public void What_somebody_has_taken_on_is_told_as_such_once_and_then_its_end()
    {
        var book = Book(_all);
        book.Take(Begin(), 10, Untold);
        TellAll(book);
        book.Take(Taken(), 11, Untold);
        book.Take(Taken("bob"), 12, Untold);
        Assert.Equal(11, book.ToldThrough(0, 13));
        var next = Assert.Single(book.Pending(0, 9));
        Assert.Equal((Told.Acknowledged, "ada"), (next.What, next.Acknowledged!.By));
        Assert.Equal([Told.Acknowledged], TellAll(book));
        book.Take(Begin(), 13, Untold);
        Assert.Empty(TellAll(book));
        book.Take(End(), 14, Untold);
        Assert.Equal([Told.Resolved], TellAll(book));
    }

    [Fact]
    public void Nobody_is_called_any_more_for_what_somebody_has_taken_on()
    {
        var book = Book(_all);
        book.Take(Begin(), 10, Untold);
        book.Take(Taken(), 11, Untold);
        Assert.Equal((0, 12L), (book.CountPending(0), book.ToldThrough(0, 12)));
        book.Take(End(), 12, Untold);
        Assert.Empty(TellAll(book));

        // The next time that it fires is another alert, and so is what was acknowledged after its end.
        book.Take(Begin(startedMs: StartMs + 90_000), 13, Untold);
        book.Take(Taken(), 14, Untold);
        Assert.Equal([Told.Firing], TellAll(book));
    }

    [Fact]
    public void A_successor_knows_who_was_told_of_an_acknowledgement()
    {
        foreach (var (told, expected) in new (bool, Told[])[] { (true, []), (false, [Told.Acknowledged]) })
        {
            var successor = Book(_all);
            successor.Take(Begin(), 10, [true]);
            successor.Take(Taken(), 11, [told]);
            Assert.Equal(expected, TellAll(successor));
        }
    }

    [Fact]
    public void Too_many_alerts_are_counted_and_not_kept()
    {
        var book = new AlertBook([_all], limit: 1);
        book.Take(Begin("a"), 10, Untold);
        book.Take(Begin("b"), 11, Untold);
        Assert.Equal((1, 1L), (book.Open, book.Dropped));
    }

    private static Alert Taken(string by = "ada") => Begin().Acknowledge(by, "looking", StartMs + 5000);

    private static List<Told> TellAll(AlertBook book)
    {
        var told = new List<Told>();
        while (book.Pending(0, 1) is [var next])
        {
            told.Add(next.What);
            book.Done(0, next);
        }

        return told;
    }
}
