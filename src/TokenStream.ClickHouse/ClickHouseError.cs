using System.Collections.Frozen;
using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using TokenStream.Storage;

namespace TokenStream.ClickHouse;

/// <summary>An error as ClickHouse words it, of any release: code, name and text.</summary>
internal readonly partial record struct ClickHouseError(int Code, string Name, string Text)
{
    private const int LongestText = 600;

    /// <summary>
    /// Codes that time, memory, space or another server may cure (ClickHouse, src/Common/ErrorCodes.cpp). Everything else is a mistake in
    /// the statement, the data or the configuration, which no repetition cures.
    /// </summary>
    private static readonly FrozenSet<int> Passing = new[]
    {
        3, // UNEXPECTED_END_OF_FILE: the body broke off
        74, 75, 76, // CANNOT_READ_FROM, CANNOT_WRITE_TO, CANNOT_OPEN a file
        95, // CANNOT_READ_FROM_SOCKET
        96, // CANNOT_WRITE_TO_SOCKET
        159, 160, // TIMEOUT_EXCEEDED, TOO_SLOW
        173, // CANNOT_ALLOCATE_MEMORY
        198, // DNS_ERROR
        202, 203, // TOO_MANY_SIMULTANEOUS_QUERIES, NO_FREE_CONNECTION
        209, 210, // SOCKET_TIMEOUT, NETWORK_ERROR
        225, // NO_ZOOKEEPER
        236, // ABORTED: the server stops
        241, 242, 243, // MEMORY_LIMIT_EXCEEDED, TABLE_IS_READ_ONLY (replica without its keeper), NOT_ENOUGH_SPACE
        252, // TOO_MANY_PARTS
        279, 285, 286, // ALL_CONNECTION_TRIES_FAILED, TOO_FEW_LIVE_REPLICAS, UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE
        319, // UNKNOWN_STATUS_OF_INSERT
        341, // UNFINISHED
        384, // PART_IS_TEMPORARILY_LOCKED
        394, // QUERY_WAS_CANCELLED
        425, // SYSTEM_ERROR
        439, // CANNOT_SCHEDULE_TASK
        473, // DEADLOCK_AVOIDED
        499, // S3_ERROR
        517, // CANNOT_ASSIGN_ALTER
        999, 1000, // KEEPER_EXCEPTION, POCO_EXCEPTION
    }.ToFrozenSet();

    public bool IsPassing => Passing.Contains(Code);

    /// <summary>Reads an error from the code in the answer's header (may be null) and its text.</summary>
    public static ClickHouseError Parse(string? headerCode, string body)
    {
        var text = body.Trim();
        var inText = CodePattern().Match(text);
        if (!int.TryParse(headerCode, NumberStyles.None, CultureInfo.InvariantCulture, out var code) && inText.Success)
        {
            // A code that does not fit is no code of ClickHouse's: 0, as where there is none.
            _ = int.TryParse(inText.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out code);
        }

        // Texts nest: the last name in parentheses is the outermost error's, and the version may stand behind it.
        var names = NamePattern().Matches(text);
        return new ClickHouseError(
            code, names.Count == 0 ? "" : names[^1].Groups[1].Value, text.Length > LongestText ? text[..LongestText] + ".." : text);
    }

    /// <summary>The exception to throw: passing, or for good.</summary>
    public Exception ToException(ClickHouseOptions options, HttpStatusCode status)
    {
        var passing = IsPassing ||
            (Code == 0 && (status is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests || (int)status >= 500));
        if (passing)
        {
            return new StoreUnavailableException($"ClickHouse at {options} cannot take the call now: {Describe(status)}");
        }

        return Code is 192 or 193 or 194 or 516 || (Code == 0 && status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
            ? new ClickHouseException(
                Code, Name, $"ClickHouse at {options} does not accept user '{options.User}' with the password given: {Describe(status)}")
            : new ClickHouseException(Code, Name, $"ClickHouse at {options} refused: {Describe(status)}");
    }

    private string Describe(HttpStatusCode status) => Text.Length > 0 ? Text : $"HTTP status {(int)status} without an explanation.";

    [GeneratedRegex(@"\bCode: (\d{1,9})[.,]")]
    private static partial Regex CodePattern();

    [GeneratedRegex(@"\(([A-Z][A-Z0-9_]{2,})\)")]
    private static partial Regex NamePattern();
}
