namespace TokenStream.Chdb.Http;

/// <summary>The HTTP status of an error number.</summary>
internal static class HttpStatus
{
    internal static int Of(int code) => code switch
    {
        516 => 401,                                       // AUTHENTICATION_FAILED
        497 or 164 or 291 => 403,                         // ACCESS_DENIED, READONLY, DATABASE_ACCESS_DENIED
        46 or 47 or 50 or 60 or 81 or 73 => 404,          // unknown function, identifier, type, table, database, format
        6 or 25 or 26 or 27 or 32 or 33 or 34 or 35 or 36 or 38 or 41 or 42 or 43 or 53 or 62 or 70 or 72 or 115 or 117 or 130 or 131 or
        456 or 457 or 636
            => 400,                                       // text, data, arguments, settings or parameters that do not parse
        307 or 229 => 413,                                // TOO_MANY_BYTES, QUERY_IS_TOO_LARGE
        48 => 501,                                        // NOT_IMPLEMENTED
        202 or 241 or 252 => 503,                         // busy, out of memory, too many parts: come back later
        _ => 500,
    };
}
