using System.Collections.Frozen;

namespace TokenStream.Chdb.Http;

/// <summary>
/// The settings a request may bring; all other names in its query string are ignored, since clients send many that mean nothing here. None
/// of these names a file or reaches out of the statement.
/// </summary>
internal static class AllowedSettings
{
    private static readonly FrozenSet<string> Names = FrozenSet.ToFrozenSet(
        [
            "max_execution_time", "max_result_rows", "max_result_bytes", "max_threads", "max_memory_usage", "max_block_size",
            "max_rows_to_read", "max_insert_block_size", "min_insert_block_size_rows", "min_insert_block_size_bytes", "max_insert_threads",
            "insert_deduplication_token", "insert_deduplicate", "insert_null_as_default", "optimize_on_insert", "mutations_sync",
            "alter_sync", "session_timezone", "join_use_nulls", "final", "select_sequential_consistency",
            "aggregate_functions_null_for_empty", "group_by_use_nulls", "prefer_column_name_to_alias", "transform_null_in",
            "union_default_mode", "use_query_cache", "date_time_input_format", "date_time_output_format", "format_csv_delimiter",
            "format_csv_null_representation", "format_tsv_null_representation", "max_bytes_before_external_group_by",
            "max_bytes_before_external_sort", "max_partitions_per_insert_block", "throw_on_max_partitions_per_insert_block",
            "allow_experimental_json_type", "type_json_skip_duplicated_paths", "low_cardinality_allow_in_native_format",
        ],
        StringComparer.Ordinal);

    /// <summary>Families of which every member is about text and bytes of one answer or insert, but for those that name files.</summary>
    private static readonly string[] Families =
    [
        "output_format_json_", "output_format_csv_", "output_format_tsv_", "output_format_pretty_", "output_format_native_",
        "output_format_parquet_", "output_format_arrow_", "output_format_binary_", "output_format_decimal_", "output_format_write_",
        "output_format_values_", "output_format_markdown_", "output_format_enable_",
        "input_format_json_", "input_format_csv_", "input_format_tsv_", "input_format_native_", "input_format_parquet_",
        "input_format_arrow_", "input_format_values_", "input_format_null_", "input_format_skip_", "input_format_import_",
        "input_format_defaults_", "input_format_with_", "input_format_allow_", "input_format_binary_", "input_format_parallel_",
    ];

    internal static bool Contains(string name) =>
        Names.Contains(name)
        || (name.Length < 100 && name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '_')
            && Families.Any(family => name.StartsWith(family, StringComparison.Ordinal)));
}
