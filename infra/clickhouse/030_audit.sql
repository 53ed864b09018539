-- Who changed what. A row is a record of the audit topic; its place there is its identity, so that a record stored twice is one row.
CREATE TABLE IF NOT EXISTS tokenstream.audit_records
(
    topic LowCardinality(String) COMMENT 'The audit topic.',
    partition UInt32 COMMENT 'Its partition.',
    record_offset Int64 COMMENT 'Offset of the record.',
    at DateTime64(3, 'UTC') COMMENT 'When it was changed.',
    kind LowCardinality(String) COMMENT 'budget, price, command, pause or acknowledgement.',
    action LowCardinality(String) COMMENT 'What was done: apply, rollback, kill, throttle, allow, release, pause, resume, ..',
    subject String COMMENT 'What it was done to: a scope, or a version of budgets or prices.',
    changed_by String COMMENT 'Who: user and machine, or the name of an API token.',
    changed_from String COMMENT 'From where: cli, or api with the address of the caller.',
    reason String COMMENT 'Why, as the person said.',
    before String COMMENT 'What was there, as JSON or text; empty where nothing was.',
    after String COMMENT 'What is there now.',
    written_at DateTime('UTC') DEFAULT now() COMMENT 'When the row was written.'
)
ENGINE = ReplacingMergeTree
PARTITION BY intDiv(record_offset, 1000000)
ORDER BY (topic, partition, record_offset)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
         old_parts_lifetime = 480
COMMENT 'Changes by people.';

CREATE OR REPLACE VIEW tokenstream.audit
(
    at DateTime64(3, 'UTC') COMMENT 'When it was changed.',
    kind LowCardinality(String) COMMENT 'budget, price, command, pause or acknowledgement.',
    action LowCardinality(String) COMMENT 'What was done.',
    subject String COMMENT 'What it was done to.',
    changed_by String COMMENT 'Who.',
    changed_from String COMMENT 'From where.',
    reason String COMMENT 'Why.',
    before String COMMENT 'What was there.',
    after String COMMENT 'What is there now.'
)
AS SELECT at, kind, action, subject, changed_by, changed_from, reason, before, after
FROM tokenstream.audit_records AS records FINAL;
