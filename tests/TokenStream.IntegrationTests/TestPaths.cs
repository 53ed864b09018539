namespace TokenStream.IntegrationTests;

/// <summary>Where things lie in the checkout that these tests were built from.</summary>
internal static class TestPaths
{
    /// <summary>The folder of the solution.</summary>
    internal static string Root { get; } = FindRoot();

    /// <summary>The folder of the npm clients, installed there by <c>npm ci</c>.</summary>
    internal static string Clients { get; } = Path.Combine(Root, "tests", "clients");

    /// <summary>The program, as built along with these tests.</summary>
    internal static string Service { get; } = Path.Combine(AppContext.BaseDirectory, "TokenStream.Service.dll");

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "TokenStream.sln")))
            {
                return folder.FullName;
            }
        }
        throw new InvalidOperationException($"No TokenStream.sln above {AppContext.BaseDirectory}: run the tests from a checkout.");
    }
}
