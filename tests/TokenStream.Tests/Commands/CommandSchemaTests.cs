using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using TokenStream.Tests.Architecture;
using Xunit;

namespace TokenStream.Tests.Commands;

/// <summary>The published schema against golden commands and against damaged ones, by the few keywords that it uses.</summary>
public sealed class CommandSchemaTests
{
    private static readonly JsonObject Schema = JsonNode.Parse(SourceTree.Text("docs/commands.schema.json"))!.AsObject();

    private static readonly JsonObject[] Commands =
        [.. SourceTree.Lines("tests/TokenStream.Tests/Commands/commands.jsonl").Where(line => line.Contains("\"action\":", StringComparison.Ordinal)).Select(line => JsonNode.Parse(line)!.AsObject())];

    [Fact]
    public void Golden_commands_obey_the_schema() => Assert.All(Commands, command => Assert.Empty(Errors(Schema, command, "")));

    [Fact]
    public void The_schema_names_every_member_of_the_golden_commands()
    {
        // Else a member could be renamed on one side alone.
        var properties = Schema["properties"]!.AsObject();
        Assert.All(Commands.SelectMany(command => command), member => Assert.True(properties.ContainsKey(member.Key), member.Key));
        var cause = properties["cause"]!["properties"]!.AsObject();
        Assert.All(Commands[0]["cause"]!.AsObject(), member => Assert.True(cause.ContainsKey(member.Key), member.Key));
        var parameters = properties["parameters"]!["properties"]!.AsObject();
        Assert.All(Commands.SelectMany(c => c["parameters"]?.AsObject() ?? []), member => Assert.True(parameters.ContainsKey(member.Key), member.Key));
        var slice = parameters["slices"]!["items"]!["properties"]!.AsObject();
        Assert.All(Commands[^1]["parameters"]!["slices"]![0]!.AsObject(), member => Assert.True(slice.ContainsKey(member.Key), member.Key));
    }

    [Theory]
    [InlineData("scope", "\"tenant=\"")]
    [InlineData("scope", "\"tenant=a b\"")]
    [InlineData("action", "\"explode\"")]
    [InlineData("epoch", "-1")]
    [InlineData("format", "2")]
    [InlineData("id", "\"\"")]
    [InlineData("tenants", "[1]")]
    [InlineData("cause", "{}")]
    public void A_damaged_command_does_not(string member, string value)
    {
        var command = Commands[0].DeepClone().AsObject();
        command[member] = JsonNode.Parse(value);
        Assert.NotEmpty(Errors(Schema, command, ""));
    }

    private static IEnumerable<string> Errors(JsonObject schema, JsonNode? value, string path)
    {
        var kind = value?.GetValueKind();
        var isRight = (string?)schema["type"] switch
        {
            "object" => kind == System.Text.Json.JsonValueKind.Object,
            "array" => kind == System.Text.Json.JsonValueKind.Array,
            "string" => kind == System.Text.Json.JsonValueKind.String,
            "boolean" => kind is System.Text.Json.JsonValueKind.True or System.Text.Json.JsonValueKind.False,
            "number" => kind == System.Text.Json.JsonValueKind.Number,
            "integer" => kind == System.Text.Json.JsonValueKind.Number && long.TryParse(value!.ToJsonString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _),
            _ => false,
        };
        if (!isRight)
        {
            return [$"{path} is no {schema["type"]}"];
        }

        return kind switch
        {
            System.Text.Json.JsonValueKind.Object => OfObject(schema, value!.AsObject(), path),
            System.Text.Json.JsonValueKind.Array => value!.AsArray().SelectMany((item, i) => Errors(schema["items"]!.AsObject(), item, $"{path}[{i}]")),
            System.Text.Json.JsonValueKind.String => OfText(schema, value!.GetValue<string>(), path),
            System.Text.Json.JsonValueKind.Number => OfNumber(schema, value!.GetValue<double>(), path),
            _ => [],
        };
    }

    private static IEnumerable<string> OfObject(JsonObject schema, JsonObject value, string path)
    {
        var missing = (schema["required"]?.AsArray() ?? []).Select(name => (string)name!).Where(name => !value.ContainsKey(name)).Select(name => $"{path}.{name} is missing");
        var properties = schema["properties"]?.AsObject() ?? [];
        return missing.Concat(value.SelectMany(member => (properties[member.Key] ?? schema["additionalProperties"]) is JsonObject known
            ? Errors(known, member.Value, $"{path}.{member.Key}")
            : []));
    }

    private static IEnumerable<string> OfText(JsonObject schema, string value, string path)
    {
        if (schema["enum"] is JsonArray allowed && allowed.All(one => (string)one! != value))
        {
            yield return $"{path} is '{value}'";
        }

        if ((string?)schema["pattern"] is { } pattern && !Regex.IsMatch(value, pattern, RegexOptions.ECMAScript))
        {
            yield return $"{path} does not match";
        }

        if (value.Length < ((int?)schema["minLength"] ?? 0) || value.Length > ((int?)schema["maxLength"] ?? int.MaxValue))
        {
            yield return $"{path} is too short or too long";
        }
    }

    private static IEnumerable<string> OfNumber(JsonObject schema, double value, string path) =>
        value < ((double?)schema["minimum"] ?? double.MinValue) || value > ((double?)schema["maximum"] ?? double.MaxValue) ? [$"{path} is out of range"] : [];
}
