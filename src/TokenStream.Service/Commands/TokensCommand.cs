using System.CommandLine;
using TokenStream.Service.Http;
using TokenStream.Service.Node;

namespace TokenStream.Service.Commands;

/// <summary><c>tokenstream tokens</c>: who may use the API.</summary>
internal static class TokensCommand
{
    internal static Command Create()
    {
        var name = new Argument<string>("name") { Description = "Whom it is for; the audit names it." };
        var role = new Option<string>("--role") { Description = "sender, viewer, operator or admin.", Required = true };
        var tenant = new Option<string?>("--tenant") { Description = "The only tenant that it may see and change." };
        var file = new Option<string>("--file")
        {
            Description = "The file of tokens, as the node's configuration names it (tokens).",
            DefaultValueFactory = _ => "./tokens.txt",
            Recursive = true,
        };
        var add = new Command("add", "Make a token and print it, once; the file keeps its hash.") { name, role, tenant };
        var list = new Command("list", "List names, roles and tenants.");
        var gone = new Argument<string>("name") { Description = "Whose token is taken away." };
        var remove = new Command("remove", "Take a token away; nodes notice at the next request.") { gone };
        add.SetAction(
            parsed => Run(() => Add(parsed.GetValue(file)!, parsed.GetValue(name)!, parsed.GetValue(role)!, parsed.GetValue(tenant))));
        list.SetAction(parsed => Run(() => List(parsed.GetValue(file)!)));
        remove.SetAction(parsed => Run(() => Remove(parsed.GetValue(file)!, parsed.GetValue(gone)!)));
        return new Command("tokens", "Work on the tokens of the API.") { add, list, remove, file };
    }

    private static int Run(Func<int> action)
    {
        try
        {
            return action();
        }
        catch (Exception failure) when (failure is NodeStartException or IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine(failure.Message);
            return 1;
        }
    }

    private static int Add(string file, string name, string role, string? tenant)
    {
        var secret = ApiToken.NewSecret();
        var line = $"{name} {role} {tenant ?? "-"} {Convert.ToHexStringLower(ApiToken.HashOf(secret))}";
        if (!ApiToken.TryParse(line, out var token, out var error))
        {
            Console.Error.WriteLine(error);
            return 1;
        }

        var tokens = ApiTokens.Read(file);
        if (tokens.Any(known => known.Name == name))
        {
            Console.Error.WriteLine($"'{name}' has a token already; remove it first (tokenstream tokens remove {name}).");
            return 1;
        }

        Write(file, [.. tokens, token]);
        Console.WriteLine(secret);
        return 0;
    }

    private static int List(string file)
    {
        foreach (var token in ApiTokens.Read(file))
        {
            Console.WriteLine($"{token.Name}  {token.Role.ToString().ToLowerInvariant()}  {token.Tenant ?? "all tenants"}");
        }

        return 0;
    }

    private static int Remove(string file, string name)
    {
        var tokens = ApiTokens.Read(file);
        if (tokens.All(token => token.Name != name))
        {
            Console.Error.WriteLine($"'{name}' has no token; `tokenstream tokens list` lists them.");
            return 1;
        }

        Write(file, [.. tokens.Where(token => token.Name != name)]);
        return 0;
    }

    /// <summary>Beside its place and moved there, so that no node reads half of it.</summary>
    private static void Write(string file, IReadOnlyList<ApiToken> tokens)
    {
        var beside = $"{file}.{Environment.ProcessId}";
        File.WriteAllLines(beside, tokens.Select(token => token.Line()));
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(beside, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        File.Move(beside, file, overwrite: true);
    }
}
