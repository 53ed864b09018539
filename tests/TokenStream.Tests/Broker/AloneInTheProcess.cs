using Xunit;

namespace TokenStream.Tests.Broker;

/// <summary>Tests that measure the memory of the process: no others run beside them.</summary>
[CollectionDefinition(nameof(AloneInTheProcess), DisableParallelization = true)]
public sealed class AloneInTheProcess;
