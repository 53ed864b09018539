-- What is known about the input beside the rollups. Nothing here grows with usage, marks and seals grow with time.

-- A mark a decision: what became of the records between two decisions of an input partition. Its identity is its sorting key.
CREATE TABLE IF NOT EXISTS tokenstream.marks
(
    epoch UInt32 COMMENT 'Raised by a reset of the input partition.',
    topic LowCardinality(String) COMMENT 'Input topic.',
    partition UInt32 COMMENT 'Input partition.',
    decision UInt64 COMMENT 'Number of the decision: 1, 2, ..',
    position Int64 COMMENT 'Input offset up to which (exclusive) was read.',
    closed_through DateTime64(3, 'UTC') COMMENT 'Every window that ends by then is closed.',
    stream_time DateTime64(3, 'UTC') COMMENT 'Stream time of the partition at the decision.',
    rules_version Int64 COMMENT 'Version of the rules it was decided under.',
    read Int64 COMMENT 'Records read: counted, duplicate, refused and ticks together.',
    counted Int64 COMMENT 'Events rolled up, late ones included.',
    duplicate Int64 COMMENT 'Events that were there already.',
    late Int64 COMMENT 'Counted events that came after their window was closed.',
    time_adjusted Int64 COMMENT 'Counted events that were booked at their broker timestamp.',
    ticks Int64 COMMENT 'Records that carry a time only.',
    refused Map(LowCardinality(String), Int64) COMMENT 'Records in the dead letters, by reason.',
    written_at DateTime('UTC') DEFAULT now() COMMENT 'When the row was written.'
)
ENGINE = ReplacingMergeTree
PARTITION BY intDiv(decision, 1000000)
ORDER BY (topic, partition, epoch, decision)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
         old_parts_lifetime = 480
COMMENT 'Decisions of the input partitions with their counts.';

-- How far each coarser grain is sealed; of one source the highest counts.
CREATE TABLE IF NOT EXISTS tokenstream.seals
(
    grain LowCardinality(String) COMMENT '1m, 1h or 1d.',
    rollups_partition UInt32 COMMENT 'Partition of the rollups topic.',
    topic LowCardinality(String) COMMENT 'Input topic.',
    partition UInt32 COMMENT 'Input partition.',
    epoch UInt32 COMMENT 'Raised by a reset of the input partition.',
    sealed_through DateTime('UTC') COMMENT 'Windows that end by then are in the grain whole.',
    published_at DateTime('UTC') DEFAULT now() COMMENT 'When this was said.'
)
ENGINE = ReplacingMergeTree
ORDER BY (grain, rollups_partition, topic, partition, epoch, sealed_through)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, old_parts_lifetime = 480
COMMENT 'How far the coarser grains are sealed.';

-- Where each source has rows: written before the rows, so a source that is not here has none.
CREATE TABLE IF NOT EXISTS tokenstream.sources
(
    epoch UInt32 COMMENT 'Raised by a reset of the input partition.',
    topic LowCardinality(String) COMMENT 'Input topic.',
    partition UInt32 COMMENT 'Input partition.',
    rollups_partition UInt32 COMMENT 'Partition of the rollups topic.',
    rows_end SimpleAggregateFunction(max, DateTime('UTC')) COMMENT 'No window of its rows ends later.'
)
ENGINE = AggregatingMergeTree
ORDER BY (epoch, topic, partition, rollups_partition)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, old_parts_lifetime = 480
COMMENT 'The streams of rollups and how far their rows reach.';

-- A reset begins a new epoch of an input partition: rows of lower epochs are void from its start on.
CREATE TABLE IF NOT EXISTS tokenstream.resets
(
    topic LowCardinality(String) COMMENT 'Input topic.',
    partition UInt32 COMMENT 'Input partition.',
    epoch UInt32 COMMENT 'The epoch that begins.',
    start DateTime('UTC') COMMENT 'Windows of lower epochs that start then or later are void.',
    recorded_at DateTime('UTC') DEFAULT now() COMMENT 'When it was ordered.'
)
ENGINE = ReplacingMergeTree
ORDER BY (topic, partition, epoch)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, old_parts_lifetime = 480
COMMENT 'Resets of input partitions.';
