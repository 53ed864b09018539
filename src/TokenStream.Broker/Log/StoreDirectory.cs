using System.Buffers.Text;
using Microsoft.Extensions.Logging;

namespace TokenStream.Broker.Log;

/// <summary>
/// The data directory: <c>lock</c>, <c>catalogue.json</c>, and below <c>topics</c> one directory a topic with one a partition.
/// </summary>
internal static class StoreDirectory
{
    private const string TopicsDirectory = "topics";

    /// <summary>Takes the directory for this process until the file is closed.</summary>
    public static FileStream TakeLock(string directory)
    {
        try
        {
            Directory.CreateDirectory(directory);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LogStoreException($"The data directory {directory} cannot be made: {e.Message}", e);
        }

        string path = Path.Combine(directory, "lock");
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new LogStoreException($"The data directory {directory} cannot be written: {e.Message}", e);
        }
        catch (IOException e)
        {
            throw new LogStoreException(
                $"The data directory {directory} is in use by another process; end that one or choose another directory.", e);
        }
    }

    /// <summary>Reads or makes the catalogue and finishes deletions that were decided.</summary>
    public static Catalogue LoadCatalogue(string directory)
    {
        string topics = Path.Combine(directory, TopicsDirectory);
        Catalogue? catalogue = Catalogue.Read(directory);
        if (catalogue is null)
        {
            if (Directory.Exists(topics) && Directory.EnumerateFileSystemEntries(topics).Any())
            {
                throw new LogStoreException($"{directory} holds topics but no catalogue.json; restore that file, nothing was changed.");
            }

            catalogue = new Catalogue { ClusterId = Base64Url.EncodeToString(Guid.NewGuid().ToByteArray()) };
            catalogue.Write(directory);
        }

        Directory.CreateDirectory(topics);
        if (catalogue.Removing.Count > 0)
        {
            foreach (string path in catalogue.Removing.Select(d => TopicPath(directory, d)).Where(Directory.Exists))
            {
                Directory.Delete(path, recursive: true);
            }

            catalogue = catalogue with { Removing = [] };
            catalogue.Write(directory);
        }

        return catalogue;
    }

    /// <summary>
    /// A creation that was interrupted before the catalogue named it leaves a directory; so may a person. Neither is deleted.
    /// </summary>
    public static void ReportStrays(Catalogue catalogue, string directory, ILogger logger)
    {
        var known = catalogue.Topics.Select(t => t.Directory).ToHashSet();
        foreach (string path in Directory.EnumerateDirectories(Path.Combine(directory, TopicsDirectory)))
        {
            if (!known.Contains(Path.GetFileName(path)))
            {
                logger.StrayDirectory(path);
            }
        }
    }

    public static string TopicPath(string dataDirectory, string topicDirectory) =>
        Path.Combine(dataDirectory, TopicsDirectory, topicDirectory);

    /// <summary>Makes a new topic's directory outlive a power loss.</summary>
    public static void FlushTopics(string dataDirectory) => DurableFile.FlushDirectory(Path.Combine(dataDirectory, TopicsDirectory));
}
