using System.Runtime.InteropServices;
using System.Text;

namespace TokenStream.Broker.Log;

/// <summary>Small files that are whole or absent whatever happens, and directories whose entries outlive a power loss.</summary>
internal static class DurableFile
{
    /// <summary>Replaces the file: written aside, flushed, renamed, its directory flushed.</summary>
    public static void Replace(string path, ReadOnlySpan<byte> content)
    {
        string temporary = path + ".tmp";
        using (var handle = File.OpenHandle(temporary, FileMode.Create, FileAccess.Write))
        {
            RandomAccess.Write(handle, content, 0);
            RandomAccess.FlushToDisk(handle);
        }

        File.Move(temporary, path, overwrite: true);
        FlushDirectory(Path.GetDirectoryName(path)!);
    }

    /// <summary>Makes creations, renames and deletions in the directory durable (fsync of the directory; elsewhere than on Unix the file
    /// system does it with the file's own flush).</summary>
    /// <exception cref="IOException">The system refused.</exception>
    public static void FlushDirectory(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        byte[] name = Encoding.UTF8.GetBytes(path + '\0');
        int descriptor = OpenDirectory(name, 0);
        if (descriptor < 0)
        {
            throw new IOException($"The directory {path} cannot be opened to flush it (error {Marshal.GetLastPInvokeError()}).");
        }

        int outcome = Synchronise(descriptor);
        int error = Marshal.GetLastPInvokeError();
        _ = CloseDescriptor(descriptor);
        if (outcome != 0)
        {
            throw new IOException($"The directory {path} cannot be flushed (error {error}).");
        }
    }

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int OpenDirectory(byte[] path, int flags);

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Synchronise(int descriptor);

    [DllImport("libc", EntryPoint = "close")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int CloseDescriptor(int descriptor);
}
