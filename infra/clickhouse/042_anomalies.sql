-- What the detect stage found: of each anomaly the last record that was said of it.
CREATE TABLE IF NOT EXISTS tokenstream.anomaly_records
(
    topic LowCardinality(String) COMMENT 'The anomalies topic.',
    partition UInt32 COMMENT 'Its partition.',
    record_offset Int64 COMMENT 'Offset of the record.',
    id String COMMENT 'The anomaly; also the fingerprint of its alert.',
    environment LowCardinality(String) COMMENT 'The environment.',
    tenant_id Nullable(String) COMMENT 'The tenant; NULL for a group over several.',
    feature Nullable(String) COMMENT 'The feature; NULL where it is summed over, empty for events that name none.',
    model Nullable(String) COMMENT 'The model, likewise.',
    provider Nullable(String) COMMENT 'The provider, of a group over all of its models.',
    gateway Nullable(String) COMMENT 'The source of events, where it is about one.',
    measure LowCardinality(String) COMMENT 'cost, requests, tokens_in, ..',
    direction LowCardinality(String) COMMENT 'up or down.',
    kind LowCardinality(String) COMMENT 'spike, silence, clock_drift or digest.',
    opened_at DateTime64(3, 'UTC') COMMENT 'Start of the first minute it fills.',
    last_seen_at DateTime64(3, 'UTC') COMMENT 'Start of the last minute that belonged to it when this was said.',
    peak_at DateTime64(3, 'UTC') COMMENT 'Start of the strangest minute.',
    ended_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it ended; NULL while it lasts.',
    end_reason LowCardinality(String) COMMENT 'quiet, shift, late_data, ..; empty while it lasts.',
    severity LowCardinality(String) COMMENT 'info, warning or critical.',
    peak_score Float64 COMMENT 'Score of the strangest minute.',
    threshold Float64 COMMENT 'What a score had to reach.',
    target_rate Float64 COMMENT 'False episodes a series and day that the threshold is calibrated to.',
    value Nullable(Float64) COMMENT 'The measure at the peak, in its unit; money is picodollars.',
    expected Nullable(Float64) COMMENT 'What was expected.',
    lower Nullable(Float64) COMMENT 'The values at which the score would have crossed the threshold.',
    upper Nullable(Float64) COMMENT 'Likewise.',
    excess Nullable(Float64) COMMENT 'Over or under what was expected, added up.',
    excess_cost Int128 COMMENT 'What that costs, picodollars.',
    cost_per_hour Int128 COMMENT 'Picodollars an hour.',
    detector LowCardinality(String) COMMENT 'The detector.',
    detector_version UInt32 COMMENT 'Its version.',
    cause String COMMENT 'JSON: the change of cost taken apart; empty where nothing is known.',
    cause_factor LowCardinality(String) COMMENT 'The factor with the largest share: volume, cache_share, ..',
    cause_sentence String COMMENT 'The cause for people.',
    held_back String COMMENT 'Why it is not sent; empty where it is.',
    note String COMMENT 'What else there is to know.',
    members String COMMENT 'JSON: the places that belong to it, at most 64.',
    further_members UInt32 COMMENT 'How many more there are.',
    written_at DateTime('UTC') DEFAULT now() COMMENT 'When the row was written.'
)
ENGINE = ReplacingMergeTree(record_offset)
PARTITION BY toYYYYMM(opened_at)
ORDER BY (topic, partition, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1, old_parts_lifetime = 480
COMMENT 'Anomalies.';

-- One row an anomaly, as it stands, with what people were told of it and who has taken it on.
CREATE OR REPLACE VIEW tokenstream.anomalies
(
    id String COMMENT 'The anomaly; also the fingerprint of its alert.',
    environment LowCardinality(String) COMMENT 'The environment.',
    tenant_id Nullable(String) COMMENT 'The tenant; NULL for a group over several.',
    feature Nullable(String) COMMENT 'The feature; NULL where it is summed over, empty for events that name none.',
    model Nullable(String) COMMENT 'The model, likewise.',
    provider Nullable(String) COMMENT 'The provider, of a group over all of its models.',
    gateway Nullable(String) COMMENT 'The source of events, where it is about one.',
    measure LowCardinality(String) COMMENT 'cost, requests, tokens_in, ..',
    direction LowCardinality(String) COMMENT 'up or down.',
    kind LowCardinality(String) COMMENT 'spike, silence, clock_drift or digest.',
    severity LowCardinality(String) COMMENT 'info, warning or critical.',
    opened_at DateTime64(3, 'UTC') COMMENT 'Start of the first minute it fills.',
    last_seen_at DateTime64(3, 'UTC') COMMENT 'Start of the last minute that belonged to it when it was last spoken of.',
    ended_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it ended; NULL while it lasts.',
    end_reason LowCardinality(String) COMMENT 'quiet, shift, late_data, ..; empty while it lasts.',
    peak_at DateTime64(3, 'UTC') COMMENT 'Start of the strangest minute.',
    peak_score Float64 COMMENT 'Its score.',
    threshold Float64 COMMENT 'What a score had to reach.',
    target_rate Float64 COMMENT 'False episodes a series and day that the threshold is calibrated to.',
    value Nullable(Float64) COMMENT 'The measure at the peak; USD a minute for cost, USD for cost_per_request.',
    expected Nullable(Float64) COMMENT 'What was expected, in the same unit.',
    lower Nullable(Float64) COMMENT 'The values at which the score would have crossed the threshold.',
    upper Nullable(Float64) COMMENT 'Likewise.',
    excess Nullable(Float64) COMMENT 'Over or under what was expected, added up over the minutes.',
    excess_usd Decimal(38, 12) COMMENT 'What that costs; negative for money not spent.',
    usd_per_hour Decimal(38, 12) COMMENT 'At the rate of the last minutes.',
    detector LowCardinality(String) COMMENT 'The detector.',
    detector_version UInt32 COMMENT 'Its version.',
    cause_factor LowCardinality(String) COMMENT 'The factor with the largest share of the change; empty where nothing is known.',
    cause_sentence String COMMENT 'The cause for people.',
    cause String COMMENT 'JSON: the change of cost taken apart.',
    held_back String COMMENT 'Why it is not sent; empty where it is.',
    note String COMMENT 'What else there is to know.',
    members String COMMENT 'JSON: the places that belong to it, at most 64.',
    further_members UInt32 COMMENT 'How many more there are.',
    told_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When people were told first; NULL where they were not.',
    told_until Nullable(DateTime64(3, 'UTC')) COMMENT 'When the last alert of it ended: before ended_at where a person resolved it.',
    last_said String COMMENT 'The last sentence said of it: why it was held back, who resolved it.',
    acknowledged_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When a person took it on; NULL where nobody has.',
    acknowledgement String COMMENT 'Who has, and what they say; empty where nobody has.'
)
AS SELECT
    records.id AS id, records.environment AS environment, records.tenant_id AS tenant_id, records.feature AS feature, records.model AS model,
    records.provider AS provider, records.gateway AS gateway, records.measure AS measure, records.direction AS direction, records.kind AS kind, records.severity AS severity,
    records.opened_at AS opened_at, records.last_seen_at AS last_seen_at, records.ended_at AS ended_at, records.end_reason AS end_reason,
    records.peak_at AS peak_at, records.peak_score AS peak_score, records.threshold AS threshold, records.target_rate AS target_rate,
    records.value / if(records.measure IN ('cost', 'cost_per_request'), 1e12, 1) AS value,
    records.expected / if(records.measure IN ('cost', 'cost_per_request'), 1e12, 1) AS expected,
    records.lower / if(records.measure IN ('cost', 'cost_per_request'), 1e12, 1) AS lower,
    records.upper / if(records.measure IN ('cost', 'cost_per_request'), 1e12, 1) AS upper,
    records.excess / if(records.measure IN ('cost', 'cost_per_request'), 1e12, 1) AS excess,
    CAST(toDecimal256(records.excess_cost, 12) / 1000000000000 AS Decimal(38, 12)) AS excess_usd,
    CAST(toDecimal256(records.cost_per_hour, 12) / 1000000000000 AS Decimal(38, 12)) AS usd_per_hour,
    records.detector AS detector, records.detector_version AS detector_version, records.cause_factor AS cause_factor,
    records.cause_sentence AS cause_sentence, records.cause AS cause, records.held_back AS held_back, records.note AS note,
    records.members AS members, records.further_members AS further_members, said.told_at AS told_at, said.told_until AS told_until,
    said.last_said AS last_said, said.acknowledged_at AS acknowledged_at, said.acknowledgement AS acknowledgement
FROM tokenstream.anomaly_records AS records FINAL
LEFT JOIN
(
    SELECT
        splitByChar('.', alerts.fingerprint)[1] AS anomaly,
        minOrNullIf(alerts.at, alerts.kind = 'anomaly' AND alerts.notifies = 1) AS told_at,
        tupleElement(argMaxIf(tuple(alerts.ended_at), alerts.record_offset, alerts.kind = 'anomaly'), 1) AS told_until,
        argMaxIf(alerts.summary, alerts.record_offset, alerts.kind = 'anomaly') AS last_said,
        minOrNullIf(alerts.at, alerts.kind = 'acknowledged') AS acknowledged_at,
        argMinIf(alerts.summary, alerts.record_offset, alerts.kind = 'acknowledged') AS acknowledgement
    FROM tokenstream.alert_records AS alerts FINAL
    WHERE alerts.kind IN ('anomaly', 'acknowledged')
    GROUP BY anomaly
) AS said ON said.anomaly = records.id;

-- What lasts or lasted, one row an alert: what was written down first and sent later, once a silence was over, is sent.
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
    if(argMinIf(records.kind, records.record_offset, records.lasts = 1) = 'anomaly', maxIf(records.notifies, records.lasts = 1),
        argMinIf(records.notifies, records.record_offset, records.lasts = 1)) AS notifies,
    argMinIf(records.owner, records.record_offset, records.lasts = 1) AS owner,
    argMinIf(records.route, records.record_offset, records.lasts = 1) AS route,
    argMaxIf(records.summary, records.record_offset, records.lasts = 1) AS summary, records.fingerprint AS fingerprint,
    minOrNullIf(records.at, records.kind = 'acknowledged') AS acknowledged_at,
    argMinIf(records.summary, records.record_offset, records.kind = 'acknowledged') AS acknowledgement
FROM tokenstream.alert_records AS records FINAL
WHERE records.lasts = 1 OR records.kind = 'acknowledged'
GROUP BY records.fingerprint, records.started_at
HAVING countIf(records.lasts = 1) > 0;
