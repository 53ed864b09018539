using System.Collections.Frozen;

namespace TokenStream.Chdb.Gate;

/// <summary>
/// Functions that reach out of the tables: refused by name, bare or quoted, since a name alone passes a function to another.
/// </summary>
internal static class NameRules
{
    /// <summary>
    /// Scalar functions of the engine (26.7, its list read one by one) that read files, run text as SQL, call out, tell of the machine or
    /// only burn time. A name is enough: <c>arrayMap(file, ['x'])</c> and <c>APPLY(file)</c> work.
    /// </summary>
    private static readonly FrozenSet<string> Functions = FrozenSet.ToFrozenSet(
        [
            "file", "catboostEvaluate", "eval", "evalMLMethod", "hasColumnInTable", "joinGet", "joinGetOrNull",
            "aiClassify", "aiEmbed", "aiExtract", "aiGenerate", "aiTranslate",
            "naiveBayesClassifier", "naiveBayesClassifierWithAllProbs", "naiveBayesClassifierWithProb", "naiveBayesNgrams",
            "getServerSetting", "getMacro", "getServerPort", "tcpPort", "getOSKernelVersion", "getClientHTTPHeader", "showCertificate",
            "serverUUID", "FQDN", "fullHostName", "filesystemAvailable", "filesystemCapacity", "filesystemUnreserved", "filesystemFree",
            "addressToLine", "addressToLineWithInlines", "addressToSymbol", "demangle", "flameGraph",
            "sleep", "sleepEachRow", "logTrace", "generateSerialID", "zookeeperSessionUptime",
        ],
        StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// Table functions of the engine, all but those of <see cref="ReadableTableFunctions"/> and <c>format</c>, which is a harmless scalar
    /// function too. Refused where an argument list follows; as the name of a column they do nothing.
    /// </summary>
    private static readonly FrozenSet<string> TableFunctions = FrozenSet.ToFrozenSet(
        [
            "arrowstream", "azureBlobStorage", "azureBlobStorageCluster", "cluster", "clusterAllReplicas", "cosn", "deltaLake",
            "deltaLakeAzure", "deltaLakeAzureCluster", "deltaLakeCluster", "deltaLakeLocal", "deltaLakeS3", "deltaLakeS3Cluster",
            "dictionary", "executable", "fileCluster", "filesystem", "fuzzJSON", "fuzzQuery", "gcs", "generateRandom", "hdfs",
            "hdfsCluster", "hudi", "hudiCluster", "iceberg", "icebergAzure", "icebergAzureCluster", "icebergCluster", "icebergHDFS",
            "icebergHDFSCluster", "icebergLocal", "icebergLocalCluster", "icebergS3", "icebergS3Cluster", "input", "jdbc", "loop", "merge",
            "mergeTreeAnalyzeIndexes", "mergeTreeAnalyzeIndexesUUID", "mergeTreeIndex", "mergeTreeProjection", "mergeTreeTextIndex",
            "mongodb", "mysql", "odbc", "oss", "paimon", "paimonAzure", "paimonAzureCluster", "paimonCluster", "paimonHDFS",
            "paimonHDFSCluster", "paimonLocal", "paimonS3", "paimonS3Cluster", "postgresql", "primes", "prometheusQuery",
            "prometheusQueryRange", "python", "redis", "remote", "remoteSecure", "s3", "s3Cluster", "sqlite", "timeSeriesData",
            "timeSeriesMetrics", "timeSeriesSamples", "timeSeriesSelector", "timeSeriesTags", "url", "urlCluster", "viewExplain",
            "viewIfPermitted", "ytsaurus",
        ],
        StringComparer.OrdinalIgnoreCase);

    /// <summary>Table functions that make rows from their arguments alone.</summary>
    internal static readonly FrozenSet<string> ReadableTableFunctions = FrozenSet.ToFrozenSet(
        ["numbers", "numbers_mt", "generateSeries", "generate_series", "values", "SQLStandardValues", "null", "zeros", "zeros_mt", "view"],
        StringComparer.OrdinalIgnoreCase);

    internal static string? Refusal(SqlPieces pieces)
    {
        for (var at = 0; at < pieces.Count; at++)
        {
            var piece = pieces[at];
            if (!piece.IsName)
            {
                continue;
            }
            if (Functions.Contains(piece.Text))
            {
                return $"Readers may not use the name {piece.Text}: a function of that name reaches beyond the tables.";
            }
            if (pieces[at + 1].IsSymbol('(') && TableFunctions.Contains(piece.Text))
            {
                return $"Readers may not use the table function {piece.Text}: it reaches beyond the tables.";
            }
        }
        return null;
    }
}
