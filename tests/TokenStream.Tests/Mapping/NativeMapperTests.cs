using System.Text;
using TokenStream.Mapping;
using TokenStream.Mapping.Native;
using Xunit;

namespace TokenStream.Tests.Mapping;

public sealed class NativeMapperTests
{
    private const string Event =
        """{"event_id":"a","time":1750000000000,"tenant_id":"acme","provider":"openai","model":"gpt-4o","tokens_in":7,"tokens_out":1}""";

    private readonly NativeMapper _mapper = new();
    private readonly MappedEvents _events = new();

    [Fact]
    public void One_event_is_taken_as_it_is()
    {
        Map(" \n" + Event + "\r\n");
        Assert.Equal([$"acme {Event}"], Taken());
        Assert.Equal("native", Encoding.UTF8.GetString(_events.Emitter(0)));
    }

    [Theory]
    [InlineData("[{0},{1}]", "application/json")]
    [InlineData("{0}\n{1}", "application/json")]
    [InlineData("{0}{1}", "application/json")]
    [InlineData("{0}\n\n {1} \r\n", "application/x-ndjson")]
    public void Several_are_taken_in_their_order(string form, string contentType)
    {
        var other = Event.Replace("acme", "globex", StringComparison.Ordinal);
        Map(form.Replace("{0}", Event, StringComparison.Ordinal).Replace("{1}", other, StringComparison.Ordinal), contentType);
        Assert.Equal([$"acme {Event}", $"globex {other}"], Taken());
    }

    [Fact]
    public void A_tenant_with_escapes_is_found_where_it_stands()
    {
        var escaped = Event.Replace("\"acme\"", "\"a\\u0063me\"", StringComparison.Ordinal);
        Map(escaped);
        Assert.Equal([$"a\\u0063me {escaped}"], Taken());
    }

    [Fact]
    public void An_item_that_is_no_event_costs_itself_alone_and_says_where_and_why()
    {
        Map($$"""[{"event_id":"b"},{{Event}},{{Event.Replace("_in\":7", "_in\":\"7\"", StringComparison.Ordinal)}}]""");
        Assert.Equal([$"acme {Event}"], Taken());
        // The missing time is told at its item's beginning, the text at its own place.
        Assert.Equal(new MappingError(MappingReason.MissingField, 1, "time"), _events[0].Error);
        var at = "[{'event_id':'b'},".Length + Event.Length + 1 + Event.IndexOf("7,", StringComparison.Ordinal);
        Assert.Equal(new MappingError(MappingReason.WrongType, at, "tokens_in"), _events[2].Error);
    }

    [Fact]
    public void A_broken_line_costs_itself_alone_where_lines_are_said()
    {
        Map($"{Event}\n{{broken\n{Event}\n", "application/x-ndjson; charset=utf-8");
        Assert.Equal(3, _events.Count);
        Assert.Equal(MappingReason.InvalidJson, _events[1].Error.Reason);
    }

    [Theory]
    [InlineData("", MappingReason.EmptyPayload)]
    [InlineData("  \n", MappingReason.EmptyPayload)]
    [InlineData("[", MappingReason.InvalidJson)]
    [InlineData("[{}", MappingReason.InvalidJson)]
    [InlineData("[] x", MappingReason.InvalidJson)]
    [InlineData("{\"a\":", MappingReason.InvalidJson)]
    public void What_cannot_be_taken_apart_is_refused_as_a_whole(string payload, MappingReason reason)
    {
        Map(payload);
        Assert.Equal((1, reason), (_events.Count, _events[0].Error.Reason));
    }

    [Fact]
    public void An_empty_array_is_nothing() => Assert.Equal(0, Map("[ ]"));

    [Fact]
    public void A_tick_has_no_tenant()
    {
        Map("""{"kind":"tick","time":1750000000000}""");
        Assert.Equal([""" {"kind":"tick","time":1750000000000}"""], Taken());
    }

    [Fact]
    public void Too_many_items_are_refused_as_a_whole()
    {
        Map("[" + string.Join(',', Enumerable.Repeat("1", MappingLimits.Items + 1)) + "]");
        Assert.Equal((1, MappingReason.PayloadTooLarge), (_events.Count, _events[0].Error.Reason));
    }

    private int Map(string payload, string contentType = "application/json")
    {
        var headers = new PayloadHeaders();
        headers.Add("content-type", contentType);
        _mapper.Map(new Payload(Encoding.UTF8.GetBytes(payload), 0, headers), _events);
        return _events.Count;
    }

    private List<string> Taken()
    {
        var taken = new List<string>();
        for (var i = 0; i < _events.Count; i++)
        {
            if (_events[i].IsEvent)
            {
                taken.Add($"{Encoding.UTF8.GetString(_events.Tenant(i))} {Encoding.UTF8.GetString(_events.Event(i))}");
            }
        }

        return taken;
    }
}
