using BenchmarkDotNet.Running;
using TokenStream.Benchmarks.Partition;

if (args is ["path", ..])
{
    return PathCommand.Run(args[1..], Console.Out, Console.Error);
}

BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
return 0;
