using System.Security.Cryptography;

namespace TokenStream.Chdb.Http;

/// <summary>The secret of the user that may write: random, made at the first start, readable by the process's own user only.</summary>
public static class OwnerCredential
{
    /// <summary>The file's name in the store's data directory.</summary>
    public const string FileName = "owner.secret";

    private const int SecretBytes = 32;

    /// <summary>Reads the secret of a data directory, and makes it where there is none.</summary>
    /// <remarks>The file is written beside its place and moved there, so that no reader finds half of it.</remarks>
    public static string ReadOrCreate(string dataDirectory)
    {
        var path = Path.Combine(dataDirectory, FileName);
        if (File.Exists(path))
        {
            return File.ReadAllText(path).Trim();
        }
        Directory.CreateDirectory(dataDirectory);
        var secret = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(SecretBytes));
        var beside = $"{path}.{Environment.ProcessId}";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }
        using (var writer = new StreamWriter(beside, options))
        {
            writer.WriteLine(secret);
        }
        try
        {
            File.Move(beside, path, overwrite: false);
        }
        catch (IOException) when (File.Exists(path))
        {
            File.Delete(beside);
        }
        return File.ReadAllText(path).Trim();
    }
}
