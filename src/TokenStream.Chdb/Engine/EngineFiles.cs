using System.Globalization;
using System.Security;
using System.Text;

namespace TokenStream.Chdb.Engine;

/// <summary>
/// The engine's own configuration, written anew at each start. Passing it by name also keeps the engine from reading a <c>config.xml</c>
/// that happens to lie in the working or home directory.
/// </summary>
internal static class EngineFiles
{
    /// <summary>Bytes of cached index marks; the engine's own default is 5 GB.</summary>
    private const long MarkCacheBytes = 64L << 20;

    /// <summary>Bytes of a statement that the engine parses: above what is taken over HTTP, since a comment goes before it.</summary>
    private const int MaxQueryBytes = 2 << 20;

    /// <summary>Writes both files and gives the path of the first.</summary>
    internal static string Write(ChdbEngineOptions options)
    {
        var users = Path.Combine(options.DataDirectory, "users.xml");
        var configuration = Path.Combine(options.DataDirectory, "config.xml");
        File.WriteAllText(users, Users(options.Database), new UTF8Encoding(false));
        File.WriteAllText(configuration, Configuration(options, users), new UTF8Encoding(false));
        return configuration;
    }

    private static string Configuration(ChdbEngineOptions options, string users) => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        <clickhouse>
          <user_directories><users_xml><path>{SecurityElement.Escape(users)}</path></users_xml></user_directories>
          <display_name>tokenstream</display_name>
          <max_server_memory_usage>{options.MaxMemoryBytes}</max_server_memory_usage>
          <mark_cache_size>{MarkCacheBytes}</mark_cache_size>
          <background_pool_size>2</background_pool_size>
        </clickhouse>

        """);

    /// <summary>
    /// There is one user in the engine; what a session may do is the role it takes. An insert is answered when its rows are on disk, so
    /// asynchronous inserts, this version's default, are off; so is looking into the process itself, on by default in this build.
    /// </summary>
    private static string Users(string database) =>
        $"""
        <clickhouse>
          <profiles>
            <default>
              <async_insert>0</async_insert>
              <max_query_size>{MaxQueryBytes}</max_query_size>
              <allow_introspection_functions>0</allow_introspection_functions>
            </default>
          </profiles>
          <quotas><default/></quotas>
          <roles>
            <owner><grants><query>GRANT ALL ON *.* WITH GRANT OPTION</query></grants></owner>
            <reader><grants><query>GRANT SELECT ON {database}.*</query></grants></reader>
          </roles>
          <users>
            <default>
              <password></password>
              <networks><ip>::/0</ip></networks>
              <profile>default</profile>
              <quota>default</quota>
              <grants><query>GRANT owner, reader</query></grants>
            </default>
          </users>
        </clickhouse>

        """;
}
