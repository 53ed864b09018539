using System.Text;
using TokenStream.Runtime;
using Xunit;

namespace TokenStream.Tests.Runtime;

public sealed class SnapshotTableTests
{
    private readonly SnapshotTable _table = new(0);

    [Theory]
    [InlineData("")]
    [InlineData("heartbeat/0")]
    [InlineData("0/0000000000000000001-9-1")]
    [InlineData("0/0000000000000000001-9/0")]
    [InlineData("0/first-9-1/0")]
    [InlineData("0/0000000000000000001-9-1/-1")]
    [InlineData("0/0000000000000000001-9-1/2147483647")]
    [InlineData("0/0000000000000000001-9223372036854775807-1/0")]
    public void What_no_owner_wrote_is_passed_over(string key)
    {
        Read(key);
        Assert.Equal(0, _table.HighestEpoch);
        Assert.Empty(_table.TakeOlder(SnapshotTable.NameOf(5, 1, 1)));
    }

    [Fact]
    public void The_highest_epoch_of_a_name_counts_whether_its_snapshot_is_wanted_whole_or_deleted()
    {
        Read("0/0000000000000000001-3-1/0");
        Assert.Equal(3, _table.HighestEpoch);
        Read("0/0000000000000000009-7-2/4");
        Assert.Equal(7, _table.HighestEpoch);
        Read("0/0000000000000000004-8-1/0", isDeletion: true);
        Read("0/0000000000000000012-2-1/0");
        Assert.Equal(8, _table.HighestEpoch);
    }

    [Fact]
    public void Every_chunk_of_a_snapshot_of_a_lower_offset_is_older_and_none_of_the_same_or_a_higher_one()
    {
        Read("0/0000000000000000004-3-1/1");
        Read("0/0000000000000000005-3-1/0");
        Read("0/0000000000000000006-3-1/0");
        var older = _table.TakeOlder(SnapshotTable.NameOf(5, 4, 1)).Select(key => Encoding.UTF8.GetString(key));
        Assert.Equal(["0/0000000000000000004-3-1/0", "0/0000000000000000004-3-1/1"], older);
        Assert.Empty(_table.TakeOlder(SnapshotTable.NameOf(5, 4, 1)));
    }

    private void Read(string key, bool isDeletion = false) => _table.Read(Encoding.UTF8.GetBytes(key), "x"u8, isDeletion, wanted: "");
}
