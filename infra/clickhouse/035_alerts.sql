-- What happened to budgets: the records of the alerts topic. A record's place there is its identity, so that one stored twice is one row.
CREATE TABLE IF NOT EXISTS tokenstream.alert_records
(
    topic LowCardinality(String) COMMENT 'The alerts topic.',
    partition UInt32 COMMENT 'Its partition.',
    record_offset Int64 COMMENT 'Offset of the record.',
    at DateTime64(3, 'UTC') COMMENT 'When it was said.',
    fingerprint String COMMENT 'The same for all that is said of one alert.',
    kind LowCardinality(String) COMMENT 'state, issued, released, .. (events); threshold, burn_rate, exhausted, .. (lasting).',
    name LowCardinality(String) COMMENT 'The kind, and what of it.',
    severity LowCardinality(String) COMMENT 'info, ticket or page.',
    lasts UInt8 COMMENT '1 where it begins and ends, 0 for an event.',
    notifies UInt8 COMMENT '1 where it is sent to people.',
    started_at DateTime64(3, 'UTC') COMMENT 'When it began.',
    ended_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it ended; NULL where this says that it begins.',
    budget LowCardinality(String) COMMENT 'The budget; empty where it is about none.',
    scope String COMMENT 'The scope; empty where it is about none.',
    tenant_id String COMMENT 'The tenant that the scope names; empty where it names none or several.',
    budget_set_version Int64 COMMENT 'Version of the budgets.',
    from_state LowCardinality(String) COMMENT 'The state before, where it changed.',
    to_state LowCardinality(String) COMMENT 'The state after.',
    command_id String COMMENT 'The command that was issued, released or would have been.',
    owner String COMMENT 'Whom it is for.',
    route String COMMENT 'Which way it is sent.',
    summary String COMMENT 'A sentence.',
    evidence String COMMENT 'JSON: the evaluation it was decided on.',
    written_at DateTime('UTC') DEFAULT now() COMMENT 'When the row was written.'
)
ENGINE = ReplacingMergeTree
PARTITION BY intDiv(record_offset, 1000000)
ORDER BY (topic, partition, record_offset)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
         old_parts_lifetime = 480
COMMENT 'Transitions of budgets.';

-- Everything that happened, one row a record.
CREATE OR REPLACE VIEW tokenstream.transitions
(
    at DateTime64(3, 'UTC') COMMENT 'When it was said.',
    kind LowCardinality(String) COMMENT 'What kind of thing happened.',
    name LowCardinality(String) COMMENT 'The kind, and what of it.',
    severity LowCardinality(String) COMMENT 'info, ticket or page.',
    notifies UInt8 COMMENT '1 where it is sent to people.',
    started_at DateTime64(3, 'UTC') COMMENT 'When what it tells of began.',
    ended_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it ended; NULL where this says that it begins.',
    budget LowCardinality(String) COMMENT 'The budget.',
    scope String COMMENT 'The scope.',
    tenant_id String COMMENT 'The tenant that the scope names.',
    from_state LowCardinality(String) COMMENT 'The state before, where it changed.',
    to_state LowCardinality(String) COMMENT 'The state after.',
    command_id String COMMENT 'The command it is about.',
    owner String COMMENT 'Whom it is for.',
    route String COMMENT 'Which way it is sent.',
    summary String COMMENT 'A sentence.',
    evidence String COMMENT 'JSON: the evaluation it was decided on.',
    fingerprint String COMMENT 'The same for all that is said of one alert.',
    budget_set_version Int64 COMMENT 'Version of the budgets.'
)
AS SELECT at, kind, name, severity, notifies, started_at, ended_at, budget, scope, tenant_id, from_state, to_state, command_id, owner, route,
    summary, evidence, fingerprint, budget_set_version
FROM tokenstream.alert_records AS records FINAL;

-- What lasts or lasted, one row an alert.
CREATE OR REPLACE VIEW tokenstream.alerts
(
    started_at DateTime64(3, 'UTC') COMMENT 'When it began.',
    ended_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it ended; NULL while it lasts.',
    severity LowCardinality(String) COMMENT 'info, ticket or page.',
    name LowCardinality(String) COMMENT 'What it is.',
    budget LowCardinality(String) COMMENT 'The budget; empty where it is about none.',
    scope String COMMENT 'The scope.',
    tenant_id String COMMENT 'The tenant that the scope names.',
    notifies UInt8 COMMENT '1 where it is sent to people.',
    owner String COMMENT 'Whom it is for.',
    route String COMMENT 'Which way it is sent.',
    summary String COMMENT 'The last sentence said of it.',
    fingerprint String COMMENT 'Names the alert, with its start.'
)
AS SELECT
    records.started_at AS started_at, min(records.ended_at) AS ended_at,
    argMin(records.severity, records.record_offset) AS severity, argMin(records.name, records.record_offset) AS name,
    argMin(records.budget, records.record_offset) AS budget, argMin(records.scope, records.record_offset) AS scope,
    argMin(records.tenant_id, records.record_offset) AS tenant_id, argMin(records.notifies, records.record_offset) AS notifies,
    argMin(records.owner, records.record_offset) AS owner, argMin(records.route, records.record_offset) AS route,
    argMax(records.summary, records.record_offset) AS summary, records.fingerprint AS fingerprint
FROM tokenstream.alert_records AS records FINAL
WHERE records.lasts = 1
GROUP BY records.fingerprint, records.started_at;
