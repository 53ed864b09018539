using System.Reflection;
using System.Runtime.InteropServices;

namespace TokenStream.Chdb.Engine;

/// <summary>Finds and loads the engine's library, once a process.</summary>
internal static partial class ChdbLibrary
{
    /// <summary>The environment variable that names the library's file.</summary>
    internal const string PathVariable = "TOKENSTREAM_CHDB";

    private const string InstalledAt = ".tools/chdb/node_modules/@chdb/lib-linux-x64-gnu/libchdb.so";

    private static readonly Lock Gate = new();
    private static nint _handle;

    /// <summary>Loads the library. Its path is <see cref="PathVariable"/>, else the installed one above the program's folder.</summary>
    /// <exception cref="ChdbStartException">It is not there, or cannot be loaded.</exception>
    internal static void Load()
    {
        lock (Gate)
        {
            if (_handle != 0)
            {
                return;
            }
            var path = Find();
            // The engine takes its time zone from the process's environment and nowhere else, and the runtime keeps its changes of the
            // environment to itself: dates must not depend on where the machine stands.
            SetEnvironment("TZ", "UTC", 1);
            if (!NativeLibrary.TryLoad(path, out _handle))
            {
                throw new ChdbStartException(
                    $"The embedded store's engine {path} cannot be loaded on this machine (it is built for 64-bit Linux with glibc).");
            }
            NativeLibrary.SetDllImportResolver(typeof(ChdbNative).Assembly, Resolve);
        }
    }

    /// <summary>Whether the library is where <see cref="Load"/> looks for it.</summary>
    internal static bool IsInstalled() => Installed() is { } path && File.Exists(path);

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? searchPath) => name == "chdb" ? _handle : 0;

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironment(string name, string value, int overwrite);

    private static string Find()
    {
        if (Installed() is not { } path)
        {
            throw new ChdbStartException(
                $"The embedded store's engine (libchdb.so) is not installed: `./tokenstream up` installs it, or set {PathVariable} to " +
                "its file.");
        }
        return File.Exists(path)
            ? Path.GetFullPath(path)
            : throw new ChdbStartException(
                $"{PathVariable} names {path}, which does not exist; unset it and `./tokenstream up` installs the engine.");
    }

    private static string? Installed()
    {
        var named = Environment.GetEnvironmentVariable(PathVariable);
        if (!string.IsNullOrEmpty(named))
        {
            return named;
        }
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var candidate = Path.Combine(folder.FullName, InstalledAt);
            if (File.Exists(candidate))
            {
                return candidate;
            }
        }
        return null;
    }
}
