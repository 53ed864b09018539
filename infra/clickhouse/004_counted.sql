-- Which rows count. A coarser grain counts its sealed rows below the seal and the finer grains' rows above it; a correction is a row of its own
-- in every grain. Sources, i.e. (epoch, topic, partition, rollups partition), are looked up by a 64-bit hash.

-- From where on the rows of an epoch are void.
CREATE OR REPLACE VIEW tokenstream.void_from AS
SELECT topic, partition, arrayJoin(range(epoch)) AS epoch, min(resets.start) AS start
FROM tokenstream.resets AS resets
GROUP BY topic, partition, epoch;

CREATE OR REPLACE VIEW tokenstream.void_lookup AS
SELECT arrayConcat([toUInt64(0)], groupArray(cityHash64(epoch, topic, partition))) AS sources,
       arrayConcat([toDateTime(4294967295, 'UTC')], groupArray(start)) AS starts
FROM tokenstream.void_from;

-- The seals as readers take them. A seal counts a minute after it was said, so that no query finds one that is newer than the sealed rows it
-- sees (a query looks at one table after the other); until then the finer rows count, which are there for days. In a window in which a reset
-- begins nothing counts as sealed: some of its finer rows are void.
CREATE OR REPLACE VIEW tokenstream.sealed AS
SELECT
    grain, epoch, topic, partition, rollups_partition, max(seals.sealed_through) AS said,
    transform(cityHash64(epoch, topic, partition), (SELECT sources FROM tokenstream.void_lookup), (SELECT starts FROM tokenstream.void_lookup),
              toDateTime(4294967295, 'UTC')) AS void,
    least(said, multiIf(grain = '1m', toStartOfMinute(void), grain = '1h', toStartOfHour(void), toStartOfDay(void))) AS sealed_through
FROM tokenstream.seals AS seals
WHERE seals.published_at <= now() - 60
GROUP BY grain, epoch, topic, partition, rollups_partition;

-- Sources with the end of what is sealed in the 1m grain, and before which time no source has rows that are not sealed.
CREATE OR REPLACE VIEW tokenstream.seal_lookup_1m AS
SELECT
    arrayConcat([toUInt64(0)], groupArray(source)) AS sources,
    arrayConcat([toDateTime(0, 'UTC')], groupArray(sealed)) AS ends,
    if(countIf(sealed < rows) = 0, toDateTime(4294967295, 'UTC'), minIf(sealed, sealed < rows)) AS open_since
FROM
(
    SELECT source, max(sealed_through) AS sealed, max(rows_end) AS rows
    FROM
    (
        SELECT cityHash64(epoch, topic, partition, rollups_partition) AS source, sealed_through, toDateTime(0, 'UTC') AS rows_end
        FROM tokenstream.sealed
        WHERE grain = '1m'
        UNION ALL
        SELECT cityHash64(epoch, topic, partition, rollups_partition) AS source, toDateTime(0, 'UTC') AS sealed_through,
               least(rows_end, transform(cityHash64(sources.epoch, sources.topic, sources.partition),
                               (SELECT sources FROM tokenstream.void_lookup), (SELECT starts FROM tokenstream.void_lookup), toDateTime(4294967295, 'UTC'))) AS rows_end
        FROM tokenstream.sources AS sources
    )
    GROUP BY source
);

-- Sources with the end of what is sealed in the 1h grain, and before which time no source has rows that are not sealed.
CREATE OR REPLACE VIEW tokenstream.seal_lookup_1h AS
SELECT
    arrayConcat([toUInt64(0)], groupArray(source)) AS sources,
    arrayConcat([toDateTime(0, 'UTC')], groupArray(sealed)) AS ends,
    if(countIf(sealed < rows) = 0, toDateTime(4294967295, 'UTC'), minIf(sealed, sealed < rows)) AS open_since
FROM
(
    SELECT source, max(sealed_through) AS sealed, max(rows_end) AS rows
    FROM
    (
        SELECT cityHash64(epoch, topic, partition, rollups_partition) AS source, sealed_through, toDateTime(0, 'UTC') AS rows_end
        FROM tokenstream.sealed
        WHERE grain = '1h'
        UNION ALL
        SELECT cityHash64(epoch, topic, partition, rollups_partition) AS source, toDateTime(0, 'UTC') AS sealed_through,
               least(rows_end, transform(cityHash64(sources.epoch, sources.topic, sources.partition),
                               (SELECT sources FROM tokenstream.void_lookup), (SELECT starts FROM tokenstream.void_lookup), toDateTime(4294967295, 'UTC'))) AS rows_end
        FROM tokenstream.sources AS sources
    )
    GROUP BY source
);

-- Sources with the end of what is sealed in the 1d grain, and before which time no source has rows that are not sealed.
CREATE OR REPLACE VIEW tokenstream.seal_lookup_1d AS
SELECT
    arrayConcat([toUInt64(0)], groupArray(source)) AS sources,
    arrayConcat([toDateTime(0, 'UTC')], groupArray(sealed)) AS ends,
    if(countIf(sealed < rows) = 0, toDateTime(4294967295, 'UTC'), minIf(sealed, sealed < rows)) AS open_since
FROM
(
    SELECT source, max(sealed_through) AS sealed, max(rows_end) AS rows
    FROM
    (
        SELECT cityHash64(epoch, topic, partition, rollups_partition) AS source, sealed_through, toDateTime(0, 'UTC') AS rows_end
        FROM tokenstream.sealed
        WHERE grain = '1d'
        UNION ALL
        SELECT cityHash64(epoch, topic, partition, rollups_partition) AS source, toDateTime(0, 'UTC') AS sealed_through,
               least(rows_end, transform(cityHash64(sources.epoch, sources.topic, sources.partition),
                               (SELECT sources FROM tokenstream.void_lookup), (SELECT starts FROM tokenstream.void_lookup), toDateTime(4294967295, 'UTC'))) AS rows_end
        FROM tokenstream.sources AS sources
    )
    GROUP BY source
);

CREATE OR REPLACE VIEW tokenstream.counted_10s AS
SELECT *
FROM tokenstream.rollups_10s AS rollups FINAL
WHERE rollups.window_start
      < transform(cityHash64(rollups.epoch, rollups.topic, rollups.partition),
              (SELECT sources FROM tokenstream.void_lookup), (SELECT starts FROM tokenstream.void_lookup), toDateTime(4294967295, 'UTC'));

CREATE OR REPLACE VIEW tokenstream.counted_1m AS
SELECT *
FROM tokenstream.rollups_1m AS rollups FINAL
WHERE if(rollups.part = 0, rollups.window_start
      < transform(cityHash64(rollups.epoch, rollups.topic, rollups.partition, rollups.rollups_partition),
              (SELECT sources FROM tokenstream.seal_lookup_1m), (SELECT ends FROM tokenstream.seal_lookup_1m), toDateTime(0, 'UTC')),
      rollups.corrected_start
      < transform(cityHash64(rollups.epoch, rollups.topic, rollups.partition),
              (SELECT sources FROM tokenstream.void_lookup), (SELECT starts FROM tokenstream.void_lookup), toDateTime(4294967295, 'UTC')))
UNION ALL
SELECT * REPLACE(toStartOfMinute(rollups.window_start) AS window_start)
FROM tokenstream.rollups_10s AS rollups FINAL
WHERE rollups.part = 0 AND rollups.window_start >= (SELECT open_since FROM tokenstream.seal_lookup_1m)
      AND rollups.window_start
      >= transform(cityHash64(rollups.epoch, rollups.topic, rollups.partition, rollups.rollups_partition),
              (SELECT sources FROM tokenstream.seal_lookup_1m), (SELECT ends FROM tokenstream.seal_lookup_1m), toDateTime(0, 'UTC'))
      AND rollups.window_start
      < transform(cityHash64(rollups.epoch, rollups.topic, rollups.partition),
              (SELECT sources FROM tokenstream.void_lookup), (SELECT starts FROM tokenstream.void_lookup), toDateTime(4294967295, 'UTC'));

CREATE OR REPLACE VIEW tokenstream.counted_1h AS
SELECT *
FROM tokenstream.rollups_1h AS rollups FINAL
WHERE if(rollups.part = 0, rollups.window_start
      < transform(cityHash64(rollups.epoch, rollups.topic, rollups.partition, rollups.rollups_partition),
              (SELECT sources FROM tokenstream.seal_lookup_1h), (SELECT ends FROM tokenstream.seal_lookup_1h), toDateTime(0, 'UTC')),
      rollups.corrected_start
      < transform(cityHash64(rollups.epoch, rollups.topic, rollups.partition),
              (SELECT sources FROM tokenstream.void_lookup), (SELECT starts FROM tokenstream.void_lookup), toDateTime(4294967295, 'UTC')))
UNION ALL
SELECT * REPLACE(toStartOfHour(rollups.window_start) AS window_start)
FROM tokenstream.rollups_1m AS rollups FINAL
WHERE rollups.part = 0 AND rollups.window_start >= (SELECT open_since FROM tokenstream.seal_lookup_1h)
      AND rollups.window_start
      >= transform(cityHash64(rollups.epoch, rollups.topic, rollups.partition, rollups.rollups_partition),
              (SELECT sources FROM tokenstream.seal_lookup_1h), (SELECT ends FROM tokenstream.seal_lookup_1h), toDateTime(0, 'UTC'))
      AND rollups.window_start
      < transform(cityHash64(rollups.epoch, rollups.topic, rollups.partition, rollups.rollups_partition),
              (SELECT sources FROM tokenstream.seal_lookup_1m), (SELECT ends FROM tokenstream.seal_lookup_1m), toDateTime(0, 'UTC'))
UNION ALL
SELECT * REPLACE(toStartOfHour(rollups.window_start) AS window_start)
FROM tokenstream.rollups_10s AS rollups FINAL
WHERE rollups.part = 0 AND rollups.window_start >= (SELECT open_since FROM tokenstream.seal_lookup_1m)
      AND rollups.window_start
      >= transform(cityHash64(rollups.epoch, rollups.topic, rollups.partition, rollups.rollups_partition),
              (SELECT sources FROM tokenstream.seal_lookup_1m), (SELECT ends FROM tokenstream.seal_lookup_1m), toDateTime(0, 'UTC'))
      AND rollups.window_start
      < transform(cityHash64(rollups.epoch, rollups.topic, rollups.partition),
              (SELECT sources FROM tokenstream.void_lookup), (SELECT starts FROM tokenstream.void_lookup), toDateTime(4294967295, 'UTC'));

CREATE OR REPLACE VIEW tokenstream.counted_1d AS
SELECT *
FROM tokenstream.rollups_1d AS rollups FINAL
WHERE if(rollups.part = 0, rollups.window_start
      < transform(cityHash64(rollups.epoch, rollups.topic, rollups.partition, rollups.rollups_partition),
              (SELECT sources FROM tokenstream.seal_lookup_1d), (SELECT ends FROM tokenstream.seal_lookup_1d), toDateTime(0, 'UTC')),
      rollups.corrected_start
      < transform(cityHash64(rollups.epoch, rollups.topic, rollups.partition),
              (SELECT sources FROM tokenstream.void_lookup), (SELECT starts FROM tokenstream.void_lookup), toDateTime(4294967295, 'UTC')))
UNION ALL
SELECT * REPLACE(toStartOfDay(rollups.window_start) AS window_start)
FROM tokenstream.rollups_1h AS rollups FINAL
WHERE rollups.part = 0 AND rollups.window_start >= (SELECT open_since FROM tokenstream.seal_lookup_1d)
      AND rollups.window_start
      >= transform(cityHash64(rollups.epoch, rollups.topic, rollups.partition, rollups.rollups_partition),
              (SELECT sources FROM tokenstream.seal_lookup_1d), (SELECT ends FROM tokenstream.seal_lookup_1d), toDateTime(0, 'UTC'))
      AND rollups.window_start
      < transform(cityHash64(rollups.epoch, rollups.topic, rollups.partition, rollups.rollups_partition),
              (SELECT sources FROM tokenstream.seal_lookup_1h), (SELECT ends FROM tokenstream.seal_lookup_1h), toDateTime(0, 'UTC'))
UNION ALL
SELECT * REPLACE(toStartOfDay(rollups.window_start) AS window_start)
FROM tokenstream.rollups_1m AS rollups FINAL
WHERE rollups.part = 0 AND rollups.window_start >= (SELECT open_since FROM tokenstream.seal_lookup_1h)
      AND rollups.window_start
      >= transform(cityHash64(rollups.epoch, rollups.topic, rollups.partition, rollups.rollups_partition),
              (SELECT sources FROM tokenstream.seal_lookup_1h), (SELECT ends FROM tokenstream.seal_lookup_1h), toDateTime(0, 'UTC'))
      AND rollups.window_start
      < transform(cityHash64(rollups.epoch, rollups.topic, rollups.partition, rollups.rollups_partition),
              (SELECT sources FROM tokenstream.seal_lookup_1m), (SELECT ends FROM tokenstream.seal_lookup_1m), toDateTime(0, 'UTC'))
UNION ALL
SELECT * REPLACE(toStartOfDay(rollups.window_start) AS window_start)
FROM tokenstream.rollups_10s AS rollups FINAL
WHERE rollups.part = 0 AND rollups.window_start >= (SELECT open_since FROM tokenstream.seal_lookup_1m)
      AND rollups.window_start
      >= transform(cityHash64(rollups.epoch, rollups.topic, rollups.partition, rollups.rollups_partition),
              (SELECT sources FROM tokenstream.seal_lookup_1m), (SELECT ends FROM tokenstream.seal_lookup_1m), toDateTime(0, 'UTC'))
      AND rollups.window_start
      < transform(cityHash64(rollups.epoch, rollups.topic, rollups.partition),
              (SELECT sources FROM tokenstream.void_lookup), (SELECT starts FROM tokenstream.void_lookup), toDateTime(4294967295, 'UTC'));
