using TokenStream.Service.Commands;
using TokenStream.Service.Detecting;
using Xunit;

namespace TokenStream.Tests.Service.Detecting;

public sealed class StoredSeriesTests
{
    [Fact]
    public void A_count_is_zero_in_minutes_without_a_row_from_its_first_minute_to_what_is_closed()
    {
        var table = new SeriesTable();
        StoredSeries.Add(table, "cost", isCount: true, [(600, 5), (780, 7)], closedSeconds: 960);
        Assert.Equal([600, 660, 720, 780, 840, 900], table.Times.ToArray());
        Assert.Equal([5, 0, 0, 7, 0, 0], table.Values.ToArray());
    }

    [Fact]
    public void What_has_no_value_without_requests_is_missing_and_not_zero()
    {
        var table = new SeriesTable();
        StoredSeries.Add(table, "share", isCount: false, [(600, 0.5), (720, double.NaN), (780, 0.6)], closedSeconds: 840);
        Assert.Equal([0.5, double.NaN, double.NaN, 0.6], table.Values.ToArray());
    }

    [Fact]
    public void Minutes_that_are_not_closed_are_left_out()
    {
        var table = new SeriesTable();
        StoredSeries.Add(table, "cost", isCount: true, [(600, 5), (660, 1), (720, 1)], closedSeconds: 719);
        Assert.Equal([600], table.Times.ToArray());
        StoredSeries.Add(table, "requests", isCount: true, [(720, 5)], closedSeconds: 719);
        Assert.Equal(["cost"], table.Names);
    }

    [Theory]
    [InlineData("--store", "--tenant", "acme", "--from", "2026-11-01", "--to", "2026-11-02")]
    [InlineData("--store", "--tenant", "acme", "--feature", "chat", "--measure", "cost", "cache_share", "--from", "2026-11-01", "--to", "2026-11-02")]
    [InlineData("tokens.csv", "--plot", "tokens.svg")]
    public void The_command_takes_a_file_or_the_store(params string[] line) => Assert.Empty(DetectCommand.Create().Parse(line).Errors);

    [Fact]
    public async Task Neither_or_both_is_a_usage_error()
    {
        Assert.Equal(2, await DetectCommand.Create().Parse([]).InvokeAsync());
        Assert.Equal(2, await DetectCommand.Create().Parse(["tokens.csv", "--store"]).InvokeAsync());
    }
}
