using System.Globalization;
using TokenStream.Chdb.Engine;
using TokenStream.Chdb.Gate;

namespace TokenStream.Chdb.Http;

/// <summary>
/// What readers may send: one statement that the gate has looked through, on our database. Behind it stand the engine's role, its read-only
/// mode and its limits.
/// </summary>
internal sealed class ReaderPolicy(ChdbServerOptions options)
{
    private readonly GateOptions _gate = new() { Database = options.Database, IsSettingAllowed = AllowedSettings.Contains };

    internal static ChdbException Denied(Caller caller, string reason) =>
        ChdbException.Of(497, "ACCESS_DENIED", $"{caller.User}: Not enough privileges: {reason}.");

    /// <summary>
    /// Looks through a reader's statement; gives the text to run. Its SETTINGS are taken out of it and added to the request's.
    /// </summary>
    /// <exception cref="ChdbException">497: the gate refused it. 81: another database was asked for.</exception>
    internal byte[] Admit(Caller caller, byte[] sql, RequestOptions request)
    {
        // Drivers name ClickHouse's own default where their user names none.
        if (request.Database is { } database && database != "default" && database != options.Database)
        {
            throw ChdbException.Of(81, "UNKNOWN_DATABASE", $"Database {database} does not exist.");
        }
        if (sql.Length == 0)
        {
            return sql;
        }
        var parameters = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var index = 0; index < request.Parameters.Names.Count; index++)
        {
            parameters[request.Parameters.Names[index]] = request.Parameters.Values[index];
        }
        var result = SqlGate.Check(sql, _gate, parameters);
        if (result.Reason is { } reason)
        {
            throw Denied(caller, reason.TrimEnd('.'));
        }
        foreach (var (name, value) in result.Settings)
        {
            request.Settings[name] = value;
        }
        return result.Statement;
    }

    /// <summary>Bounds an answer that has to be held whole.</summary>
    internal void Limit(Statement statement)
    {
        if (!(statement.Format.CanStream && statement.Kind.CanStream))
        {
            statement.Options.Settings["max_result_bytes"] = options.ReaderLimits.MaxWholeAnswerBytes.ToString(
                CultureInfo.InvariantCulture);
        }
    }
}
