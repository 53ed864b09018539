using System.Text;
using TokenStream.Events;
using TokenStream.Mapping;
using Xunit;

namespace TokenStream.Tests.Mapping;

public sealed class JsonPathTests
{
    [Theory]
    [InlineData("a", "{\"a\":7}", "7")]
    [InlineData("a.b.c", "{\"x\":{\"c\":1},\"a\":{\"c\":2,\"b\":{\"c\":\"found\"}}}", "found")]
    [InlineData("a\\.b", "{\"a.b\":\"dotted\"}", "dotted")]
    [InlineData("a.b", "{\"a.b\":\"dotted\"}", null)]
    [InlineData("a.b", "{\"a\":null}", null)]
    [InlineData("a.b", "{\"a\":[{\"b\":1}]}", null)]
    [InlineData("a[0].b", "{\"a\":[{\"b\":1},{\"b\":2}]}", "1")]
    [InlineData("a[0]", "{\"a\":[]}", null)]
    [InlineData("a[t]", "{\"a\":[1,{\"t\":2},\"x:1\",\"t: two words\",\"t:3\"]}", "two words")]
    [InlineData("a[t]", "{\"a\":\"x:1, t:2 ,t:3\"}", "2")]
    [InlineData("a[t]", "{\"a\":[\"tt:1\"]}", null)]
    [InlineData("name", "{\"n\\u0061me\":\"escaped\"}", "escaped")]
    public void A_path_leads_to_its_value(string path, string json, string? expected)
    {
        var names = new JsonPaths();
        var node = names.Add(path);
        var values = new JsonPathReader(names);
        var bytes = Encoding.UTF8.GetBytes(json);
        var scanner = new JsonScanner(bytes);

        Assert.True(values.TryRead(ref scanner, 0, out var duplicate) && scanner.AtEnd());
        Assert.Equal(-1, duplicate);
        Assert.Equal(expected, values[node].IsThere ? Encoding.UTF8.GetString(values[node].Of(bytes)) : null);
        Assert.Equal(path, names.Path(node));
        Assert.Equal(node, names.Add(path));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a..b")]
    [InlineData("a.")]
    [InlineData("[0]")]
    [InlineData("a[")]
    [InlineData("a[]")]
    public void What_is_no_path_is_refused(string path) => Assert.ThrowsAny<FormatException>(() => new JsonPaths().Add(path));
}
