using System.Text.Json;
using System.Text.Json.Serialization;

namespace TokenStream.Broker.Log;

/// <summary>
/// What the store is made of, in <c>catalogue.json</c>; replaced whole at each change, so it is always the one before or the one after.
/// </summary>
internal sealed record Catalogue
{
    private const string FileName = "catalogue.json";

    public int Version { get; init; } = 1;

    public required string ClusterId { get; init; }

    /// <summary>Producer ids below this may have been given away.</summary>
    public long ProducerIdsReserved { get; init; }

    public IReadOnlyList<CatalogueTopic> Topics { get; init; } = [];

    /// <summary>Directories of deleted topics whose files may still be there.</summary>
    public IReadOnlyList<string> Removing { get; init; } = [];

    /// <returns>Null where there is none.</returns>
    /// <exception cref="LogStoreException">It cannot be understood.</exception>
    public static Catalogue? Read(string dataDirectory)
    {
        string path = Path.Combine(dataDirectory, FileName);
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            Catalogue? catalogue = JsonSerializer.Deserialize(File.ReadAllBytes(path), CatalogueJson.Default.Catalogue);
            return catalogue is { Version: 1 }
                ? catalogue
                : throw new LogStoreException($"{path} was written by another version of this program; use that one.");
        }
        catch (JsonException e)
        {
            throw new LogStoreException($"{path} cannot be understood ({e.Message}); restore it from a backup.", e);
        }
    }

    public void Write(string dataDirectory)
        => DurableFile.Replace(
            Path.Combine(dataDirectory, FileName), JsonSerializer.SerializeToUtf8Bytes(this, CatalogueJson.Default.Catalogue));
}

/// <summary>One topic in the catalogue.</summary>
/// <param name="Directory">Name of its directory below <c>topics</c>.</param>
/// <param name="Config">Settings that are not the default, by Kafka's names.</param>
internal sealed record CatalogueTopic(string Name, Guid Id, string Directory, int Partitions, IReadOnlyDictionary<string, string> Config);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(Catalogue))]
internal sealed partial class CatalogueJson : JsonSerializerContext;
