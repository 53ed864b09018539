-- Functions over the mergeable columns of the usage views. They are expanded where they are used, so that every reader may call them.

-- The value that stands for a bucket of a histogram, the middle of its range. Buckets 0 to 127 hold one value each; above, each power of two
-- is split into 64 equal buckets, so the middle is at most 1/128 away from any value of the bucket.
CREATE OR REPLACE FUNCTION tokenstream_bucket_value AS (bucket) ->
    if(bucket < 128, toFloat64(bucket),
       (64 + bitAnd(toUInt32(bucket), 63)) * exp2(intDiv(toInt32(bucket) - 128, 64) + 1) + (exp2(intDiv(toInt32(bucket) - 128, 64) + 1) - 1) / 2);

-- The quantile (0 to 1) of a histogram, by nearest rank: of n values the one at rank ceil(quantile * n), at most 1/128 off. No values: NULL.
-- Histograms merge by sumMap: tokenstream_quantile(sumMap(latency_ms_histogram), 0.95).
CREATE OR REPLACE FUNCTION tokenstream_quantile AS (histogram, quantile) ->
    if(empty(histogram), NULL,
       tokenstream_bucket_value(arrayElement(mapKeys(histogram),
           arrayFirstIndex(seen -> seen >= greatest(1, ceil(quantile * arraySum(mapValues(histogram)) - 1e-9)), arrayCumSum(mapValues(histogram))))));

-- How many distinct values a sketch saw: the improved raw estimator of O. Ertl, "New cardinality estimation algorithms for HyperLogLog
-- sketches" (2017), which needs neither tables nor a switch to linear counting. 4,096 registers, standard error 1.6 %, less for few values.
-- 0.7213475204444817 is 1 / (2 ln 2). Ranks at their limit of 53 (the paper's tau) need 10^15 values and are taken as they are.
-- Sketches merge by maxMap: tokenstream_uniques(maxMap(users_sketch)).
CREATE OR REPLACE FUNCTION tokenstream_uniques AS (sketch) ->
    if(empty(sketch), 0,
       toUInt64(round(0.7213475204444817 * 4096 * 4096
           / (4096 * ((1 - length(sketch) / 4096)
                      + arraySum(k -> pow(1 - length(sketch) / 4096, exp2(k)) * exp2(k - 1), range(1, 22)))
              + arraySum(rank -> exp2(-toFloat64(rank)), mapValues(sketch))))));
