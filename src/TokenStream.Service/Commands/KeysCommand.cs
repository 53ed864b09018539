using System.CommandLine;
using TokenStream.Service.Governing;
using TokenStream.Service.Node;

namespace TokenStream.Service.Commands;

/// <summary><c>tokenstream keys</c>: the keys that commands are signed with.</summary>
internal static class KeysCommand
{
    private static readonly Option<string?> Data =
        new("--data") { Description = "The node's data directory (default ./data).", Recursive = true };

    internal static Command Create()
    {
        var show = new Command("show", "Print the public keys that gateways are to trust, with their ids.");
        var prepare = new Command("prepare", "First step of a rotation: make the next key. Give gateways the public keys then.");
        var rotate = new Command("rotate", "Second step: sign with the next key, from the node's next start on.");
        var retire = new Command("retire", "Third step: trust the old key no longer. Give gateways the public keys once more.");
        show.SetAction(parsed => Run(parsed, Show));
        prepare.SetAction(parsed => Run(parsed, keys => Change(keys, () => Say(
            $"The next key is {keys.Prepare()}. Give every gateway {keys.PublicFile}, then: tokenstream keys rotate"))));
        rotate.SetAction(parsed => Run(parsed, keys => Change(keys, () => Say(
            $"{keys.Rotate()} signs from the next start of the node on. When no command of the old key is left (`tokenstream commands`): " +
            "tokenstream keys retire"))));
        retire.SetAction(parsed => Run(parsed, keys => Change(keys, () => Say(
            $"No longer trusted: {List(keys.Retire())}. Give every gateway {keys.PublicFile}."))));
        var command = new Command("keys", "Work on the keys that commands are signed with.") { show, prepare, rotate, retire, Data };
        Connections.AddKafka(command);
        return command;
    }

    private static int Run(ParseResult parsed, Func<SigningKeys, int> action)
    {
        try
        {
            var options = Connections.Options(parsed);
            return action(new SigningKeys(options with { DataDirectory = parsed.GetValue(Data) ?? options.DataDirectory }));
        }
        catch (NodeStartException failure)
        {
            Console.Error.WriteLine(failure.Message);
            return 1;
        }
    }

    private static int Show(SigningKeys keys)
    {
        var known = keys.Public();
        foreach (var key in known)
        {
            Console.WriteLine($"# kid {key.Id}");
            Console.WriteLine(key.Key.ExportSubjectPublicKeyInfoPem());
        }

        return known.Count > 0
            ? 0
            : Say($"There is no key yet: a node makes one at its first start. It would lie in {keys.PublicFile}.", 1);
    }

    private static int Change(SigningKeys keys, Func<int> action) =>
        keys.IsConfigured
            ? Say(
                "The configuration names the key (`signing: key`): rotate it where it is kept, and list both public keys at the gateways " +
                "meanwhile.",
                1)
            : action();

    private static int Say(string sentence, int code = 0)
    {
        (code == 0 ? Console.Out : Console.Error).WriteLine(sentence);
        return code;
    }

    private static string List(IReadOnlyList<string> ids) => ids.Count == 0 ? "none" : string.Join(", ", ids);
}
