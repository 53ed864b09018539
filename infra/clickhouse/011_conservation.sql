-- Whether everything that was read is accounted for: from the counts of the marks, and against the rollups that are there.
CREATE OR REPLACE VIEW tokenstream.conservation
(
    topic String COMMENT 'Input topic.',
    partition UInt32 COMMENT 'Input partition.',
    epoch UInt32 COMMENT 'Raised by a reset of the input partition.',
    decisions UInt64 COMMENT 'Decisions whose mark is there.',
    missing_decisions Int64 COMMENT 'Decisions whose mark is not there; 0 where all is well.',
    position Int64 COMMENT 'Input offset up to which (exclusive) was read.',
    closed_through DateTime64(3, 'UTC') COMMENT 'Every window that ends by then is closed.',
    read Int64 COMMENT 'Records read.',
    counted Int64 COMMENT 'Events rolled up, late ones included.',
    duplicate Int64 COMMENT 'Events that were there already.',
    refused Int64 COMMENT 'Records in the dead letters.',
    ticks Int64 COMMENT 'Records that carry a time only.',
    late Int64 COMMENT 'Counted events that came after their window was closed.',
    time_adjusted Int64 COMMENT 'Counted events that were booked at their broker timestamp.',
    unaccounted Int64 COMMENT 'Records read of which nobody says what became; 0 where all is well.',
    rolled_up Int64 COMMENT 'Events in the rollups: counted, but for events of windows that are still open.'
)
AS SELECT
    topic, partition, epoch,
    sum(parts.decisions) AS decisions,
    max(parts.highest) - toInt64(sum(parts.decisions)) AS missing_decisions,
    max(parts.position) AS position,
    max(parts.closed_through) AS closed_through,
    sum(parts.read) AS read,
    sum(parts.counted) AS counted,
    sum(parts.duplicate) AS duplicate,
    sum(parts.refused) AS refused,
    sum(parts.ticks) AS ticks,
    sum(parts.late) AS late,
    sum(parts.time_adjusted) AS time_adjusted,
    sum(parts.read) - sum(parts.counted) - sum(parts.duplicate) - sum(parts.refused) - sum(parts.ticks) AS unaccounted,
    sum(parts.rolled_up) AS rolled_up
FROM
(
    SELECT topic, partition, epoch, 1 AS decisions, toInt64(marks.decision) AS highest, marks.position AS position,
        marks.closed_through AS closed_through, marks.read AS read, marks.counted AS counted, marks.duplicate AS duplicate,
        arraySum(mapValues(marks.refused)) AS refused, marks.ticks AS ticks, marks.late AS late, marks.time_adjusted AS time_adjusted,
        toInt64(0) AS rolled_up
    FROM tokenstream.marks AS marks FINAL
    UNION ALL
    SELECT topic, partition, epoch, 0, toInt64(0), toInt64(0), toDateTime64(0, 3, 'UTC'), toInt64(0), toInt64(0), toInt64(0), toInt64(0),
        toInt64(0), toInt64(0), toInt64(0), sum(counted.events)
    FROM tokenstream.counted_1d AS counted
    GROUP BY topic, partition, epoch
) AS parts
GROUP BY topic, partition, epoch;
