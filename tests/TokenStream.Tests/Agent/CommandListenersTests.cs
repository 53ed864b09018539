using System.Globalization;
using System.Text;
using System.Threading.Channels;
using TokenStream.Agent;
using TokenStream.Commands;
using Xunit;
using static TokenStream.Tests.Commands.CompositionSamples;

namespace TokenStream.Tests.Agent;

public sealed class CommandListenersTests
{
    private static readonly Func<byte[]> Snapshot = () => "all"u8.ToArray();

    private readonly CommandListeners _listeners = new();

    [Fact]
    public void A_new_listener_gets_everything_first_and_then_what_comes()
    {
        var reader = _listeners.Join("", Snapshot)!;
        _listeners.Tell(Command("tenant=acme", CommandAction.Kill));
        var events = Read(reader);
        Assert.Equal(["snapshot", "command"], events.Select(one => one.Kind));
        Assert.Equal("all", events[0].Data);
        Assert.True(CommandFormat.TryRead(Encoding.UTF8.GetBytes(events[1].Data), out var told));
        Assert.Equal(("tenant=acme", CommandAction.Kill), (told.Scope.Text, told.Action));
    }

    [Fact]
    public void Who_comes_back_goes_on_where_it_was_and_who_is_too_late_or_of_another_run_begins_anew()
    {
        Tell(3);
        var second = Read(_listeners.Join("", Snapshot)!)[0].Id;
        Assert.EndsWith("-3", second, StringComparison.Ordinal);
        Tell(2);
        Assert.Equal(["3", "4"], Read(_listeners.Join(second, Snapshot)!).Select(one => one.Data));
        Assert.Equal(["snapshot"], Read(_listeners.Join("ffffffff-3", Snapshot)!).Select(one => one.Kind));
        Assert.Equal(["snapshot"], Read(_listeners.Join(second.Split('-')[0] + "-99", Snapshot)!).Select(one => one.Kind));
        Assert.Equal(["snapshot"], Read(_listeners.Join("nonsense", Snapshot)!).Select(one => one.Kind));
        for (var i = 0; i < 2_000; i++)
        {
            _listeners.Tell("test", "x"u8);
        }

        Assert.Equal(["snapshot"], Read(_listeners.Join(second, Snapshot)!).Select(one => one.Kind));
    }

    [Fact]
    public void Who_does_not_read_is_let_go_and_the_others_are_not_kept_waiting()
    {
        var slow = _listeners.Join("", Snapshot)!;
        var quick = _listeners.Join("", Snapshot)!;
        var lost = 0;
        for (var i = 0; i < 5_000; i++)
        {
            lost += _listeners.Tell("test", "x"u8);
            Read(quick);
        }

        Assert.Equal((1, 1), (lost, _listeners.Count));
        Assert.True(Read(slow).Count <= 2_000);
        Assert.True(slow.Completion.IsCompleted);
    }

    [Fact]
    public void More_than_so_many_are_told_to_come_later()
    {
        var readers = Enumerable.Range(0, CommandListeners.Most).Select(_ => _listeners.Join("", Snapshot)!).ToList();
        Assert.Null(_listeners.Join("", Snapshot));
        _listeners.Leave(readers[0]);
        Assert.NotNull(_listeners.Join("", Snapshot));
    }

    private void Tell(int count)
    {
        for (var i = 0; i < count; i++)
        {
            _listeners.Tell("test", Encoding.UTF8.GetBytes(_told++.ToString(CultureInfo.InvariantCulture)));
        }
    }

    private int _told;

    private static List<(string Id, string Kind, string Data)> Read(ChannelReader<byte[]> reader)
    {
        var events = new List<(string, string, string)>();
        while (reader.TryRead(out var bytes))
        {
            var lines = Encoding.UTF8.GetString(bytes).Split('\n');
            Assert.Equal(["id", "event", "data"], lines[..3].Select(line => line.Split(": ")[0]));
            Assert.Equal(["", ""], lines[3..]);
            events.Add((lines[0][4..], lines[1][7..], lines[2][6..]));
        }

        return events;
    }
}
