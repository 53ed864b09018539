using System.Text;
using TokenStream.Events;
using Xunit;

namespace TokenStream.Tests.Events;

public sealed class NameTableTests
{
    [Fact]
    public void Names_are_numbered_densely_and_keep_their_number()
    {
        using var table = new NameTable(limit: 100_000, capacity: 4);
        var names = Enumerable.Range(0, 20_000).Select(i => Name(i, i % 120)).Distinct().ToList();

        Assert.Equal(Enumerable.Range(1, names.Count), names.Select(name => table.Id(Encoding.UTF8.GetBytes(name))));

        Assert.Equal(names.Count + 1, table.Count);
        for (var i = 0; i < names.Count; i++)
        {
            var bytes = Encoding.UTF8.GetBytes(names[i]);
            Assert.Equal(i + 1, table.Id(bytes));
            Assert.Equal(i + 1, table.Find(bytes));
            Assert.Equal(names[i], Encoding.UTF8.GetString(table.Name(i + 1)));
            Assert.Equal(StableHash.Hash(bytes), table.Hash(i + 1));
        }
    }

    [Fact]
    public void The_empty_name_is_number_zero()
    {
        using var table = new NameTable(limit: 10);

        Assert.Equal(NameTable.Empty, table.Id([]));
        Assert.Equal(1, table.Count);
        Assert.True(table.Name(NameTable.Empty).IsEmpty);
    }

    /// <summary>Each length takes its own way of comparing; a difference in any one byte must be seen.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(32)]
    [InlineData(33)]
    [InlineData(48)]
    [InlineData(49)]
    [InlineData(256)]
    public void Names_that_differ_in_one_byte_are_two(int length)
    {
        using var table = new NameTable(limit: 1000);
        var name = new byte[length];
        Array.Fill(name, (byte)'x');
        var first = table.Id(name);

        for (var i = 0; i < length; i++)
        {
            name[i] = (byte)'y';
            Assert.Equal(first + i + 1, table.Id(name));
            name[i] = (byte)'x';
        }

        Assert.Equal(first, table.Id(name));
    }

    [Fact]
    public void A_full_table_answers_none_for_new_names_only()
    {
        using var table = new NameTable(limit: 3);
        table.Id("a"u8);
        table.Id("b"u8);

        Assert.Equal(NameTable.None, table.Id("c"u8));
        Assert.Equal(1, table.Id("a"u8));
        Assert.Equal(3, table.Count);
    }

    [Fact]
    public void Clearing_forgets_all_names_but_the_empty_one()
    {
        using var table = new NameTable(limit: 1000);
        var small = table.BytesUsed;
        table.Id("a"u8);
        table.Id(Encoding.UTF8.GetBytes(new string('x', 1000)));
        Assert.True(table.BytesUsed > small);

        table.Clear();

        Assert.Equal((1, small), (table.Count, table.BytesUsed));
        Assert.Equal(NameTable.None, table.Find("a"u8));
        Assert.Equal(1, table.Id("b"u8));
    }

    [Fact]
    public void Finding_names_allocates_nothing()
    {
        using var table = new NameTable(limit: 100);
        byte[][] names = [[.. "a"u8], [.. "tenant-000001"u8], [.. "a-rather-long-feature-name"u8]];
        foreach (var name in names)
        {
            table.Id(name);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        var sum = 0;
        for (var i = 0; i < 10_000; i++)
        {
            sum += table.Id(names[i % 3]);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.True(sum > 0);
    }

    private static string Name(int i, int length) => $"{i}-".PadRight(length, 'n');
}
