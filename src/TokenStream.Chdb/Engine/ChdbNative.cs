using System.Runtime.InteropServices;

namespace TokenStream.Chdb.Engine;

/// <summary>
/// The engine's C interface, as <c>libchdb.so</c> 26.7.3 exports it. Text is UTF-8 with a length; results are opaque pointers that the
/// caller destroys. A connection is handed out as a pointer to a handle: queries take the handle, closing takes the pointer.
/// </summary>
internal static unsafe partial class ChdbNative
{
    private const string Library = "chdb";

    [LibraryImport(Library, EntryPoint = "chdb_connect")]
    internal static partial nint* Connect(int argumentCount, byte** arguments);

    [LibraryImport(Library, EntryPoint = "chdb_close_conn")]
    internal static partial void Close(nint* connection);

    [LibraryImport(Library, EntryPoint = "chdb_set_signal_handlers_enabled")]
    internal static partial void SetSignalHandlersEnabled(int enabled);

    [LibraryImport(Library, EntryPoint = "chdb_query_with_params_n")]
    internal static partial nint Query(
        nint connection, byte* sql, nuint sqlLength, byte* format, nuint formatLength,
        byte** names, nuint* nameLengths, byte** values, nuint* valueLengths, nuint count);

    [LibraryImport(Library, EntryPoint = "chdb_stream_query_with_params_n")]
    internal static partial nint StreamQuery(
        nint connection, byte* sql, nuint sqlLength, byte* format, nuint formatLength,
        byte** names, nuint* nameLengths, byte** values, nuint* valueLengths, nuint count);

    [LibraryImport(Library, EntryPoint = "chdb_stream_fetch_result")]
    internal static partial nint StreamFetch(nint connection, nint stream);

    [LibraryImport(Library, EntryPoint = "chdb_stream_cancel_query")]
    internal static partial void StreamCancel(nint connection, nint stream);

    [LibraryImport(Library, EntryPoint = "chdb_destroy_query_result")]
    internal static partial void DestroyResult(nint result);

    [LibraryImport(Library, EntryPoint = "chdb_result_buffer")]
    internal static partial byte* ResultBuffer(nint result);

    [LibraryImport(Library, EntryPoint = "chdb_result_length")]
    internal static partial nuint ResultLength(nint result);

    [LibraryImport(Library, EntryPoint = "chdb_result_error")]
    internal static partial byte* ResultError(nint result);

    [LibraryImport(Library, EntryPoint = "chdb_result_rows_read")]
    internal static partial ulong ResultRows(nint result);

    [LibraryImport(Library, EntryPoint = "chdb_result_storage_rows_read")]
    internal static partial ulong ResultStorageRows(nint result);

    [LibraryImport(Library, EntryPoint = "chdb_result_storage_bytes_read")]
    internal static partial ulong ResultStorageBytes(nint result);

    [LibraryImport(Library, EntryPoint = "chdb_result_rows_written")]
    internal static partial ulong ResultRowsWritten(nint result);

    [LibraryImport(Library, EntryPoint = "chdb_result_bytes_written")]
    internal static partial ulong ResultBytesWritten(nint result);

    [LibraryImport(Library, EntryPoint = "chdb_stream_insert_n")]
    internal static partial nint InsertOpen(nint connection, byte* head, nuint headLength, byte* format, nuint formatLength);

    [LibraryImport(Library, EntryPoint = "chdb_stream_append")]
    internal static partial int InsertAppend(nint insert, byte* data, nuint length);

    [LibraryImport(Library, EntryPoint = "chdb_stream_done")]
    internal static partial nint InsertDone(nint insert);

    [LibraryImport(Library, EntryPoint = "chdb_stream_insert_error")]
    internal static partial byte* InsertError(nint insert);

    [LibraryImport(Library, EntryPoint = "chdb_stream_cancel_insert")]
    internal static partial void InsertCancel(nint insert);

    [LibraryImport(Library, EntryPoint = "chdb_destroy_insert_stream")]
    internal static partial void InsertDestroy(nint insert);

    [LibraryImport(Library, EntryPoint = "chdb_classify_query_n")]
    internal static partial int Classify(
        nint connection, byte* sql, nuint sqlLength, byte* database, nuint databaseLength, uint* classification);
}
