using System.CommandLine;

namespace TokenStream.LoadGenerator.Enforcement;

/// <summary><c>enforce</c>: background load, and how fast overspending is stopped beside it.</summary>
internal static class EnforceCommand
{
    public static Command Create()
    {
        var to = new Option<string>("--to") { Description = "HOST:PORT of a broker.", Required = true };
        var keys = new Option<FileInfo>("--public-keys") { Description = "The public keys that commands are signed with, PEM.", Required = true };
        var rate = new Option<double>("--rate") { Description = "Background events a second.", DefaultValueFactory = _ => 20_000 };
        var tenants = new Option<int>("--tenants") { Description = "Tenants of the background, by Zipf's law.", DefaultValueFactory = _ => 200 };
        var probes = new Option<double>("--probes") { Description = "Tenants a second that overspend.", DefaultValueFactory = _ => 2 };
        var minutes = new Option<double>("--minutes") { Description = "How long, after the warm-up.", DefaultValueFactory = _ => 10 };
        var warmUp = new Option<double>("--warm-up") { Description = "Seconds of background alone, until code is compiled and tables have grown.", DefaultValueFactory = _ => 120 };
        var command = new Command("enforce", "Measure event-to-command and event-to-enforced latency under load.") { to, keys, rate, tenants, probes, minutes, warmUp };
        command.SetAction(async (parsed, cancellation) =>
        {
            var result = await new EnforcementRun(new EnforcementOptions
            {
                BootstrapServers = parsed.GetValue(to)!,
                PublicKeyFile = parsed.GetValue(keys)!.FullName,
                Rate = parsed.GetValue(rate),
                Tenants = parsed.GetValue(tenants),
                ProbesPerSecond = parsed.GetValue(probes),
                Duration = TimeSpan.FromMinutes(parsed.GetValue(minutes)),
                WarmUp = TimeSpan.FromSeconds(parsed.GetValue(warmUp)),
            }).RunAsync(cancellation);
            Console.WriteLine(result.ToJson());
            return result.Lost == 0 ? 0 : 1;
        });
        return command;
    }
}
