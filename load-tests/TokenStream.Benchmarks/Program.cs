using BenchmarkDotNet.Running;
using TokenStream.Benchmarks;
using TokenStream.Benchmarks.Detection;
using TokenStream.Benchmarks.Governing;
using TokenStream.Benchmarks.Partition;

if (args is ["path", ..])
{
    return PathCommand.Run(args[1..], Console.Out, Console.Error);
}

if (args is ["gateway"])
{
    return await GatewayCommand.RunAsync(Console.Out);
}

if (args is ["ledger", ..])
{
    return LedgerCommand.Run(args[1..], Console.Out);
}

if (args is ["rollover", ..])
{
    return RolloverCommand.Run(args[1..], Console.Out);
}

if (args is ["fleet", ..])
{
    return FleetCommand.Run(args[1..], Console.Out);
}

if (args is ["mapping", ..])
{
    return MappingCommand.Run(args[1..], Console.Out);
}

BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
return 0;
