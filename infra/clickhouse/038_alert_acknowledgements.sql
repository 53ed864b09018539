-- What lasts or lasted, one row an alert, now with who has taken it on.
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
    fingerprint String COMMENT 'Names the alert, with its start.',
    acknowledged_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When a person took it on; NULL where nobody has.',
    acknowledgement String COMMENT 'Who has, and what they say; empty where nobody has.'
)
AS SELECT
    records.started_at AS started_at, minIf(records.ended_at, records.lasts = 1) AS ended_at,
    argMinIf(records.severity, records.record_offset, records.lasts = 1) AS severity,
    argMinIf(records.name, records.record_offset, records.lasts = 1) AS name,
    argMinIf(records.budget, records.record_offset, records.lasts = 1) AS budget,
    argMinIf(records.scope, records.record_offset, records.lasts = 1) AS scope,
    argMinIf(records.tenant_id, records.record_offset, records.lasts = 1) AS tenant_id,
    argMinIf(records.notifies, records.record_offset, records.lasts = 1) AS notifies,
    argMinIf(records.owner, records.record_offset, records.lasts = 1) AS owner,
    argMinIf(records.route, records.record_offset, records.lasts = 1) AS route,
    argMaxIf(records.summary, records.record_offset, records.lasts = 1) AS summary, records.fingerprint AS fingerprint,
    minOrNullIf(records.at, records.kind = 'acknowledged') AS acknowledged_at,
    argMinIf(records.summary, records.record_offset, records.kind = 'acknowledged') AS acknowledgement
FROM tokenstream.alert_records AS records FINAL
WHERE records.lasts = 1 OR records.kind = 'acknowledged'
GROUP BY records.fingerprint, records.started_at
HAVING countIf(records.lasts = 1) > 0;
