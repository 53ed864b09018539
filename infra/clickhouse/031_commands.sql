-- Every command that was issued, releases among them: the believed records of the commands topic, decoded.
CREATE TABLE IF NOT EXISTS tokenstream.command_records
(
    topic LowCardinality(String) COMMENT 'The commands topic.',
    partition UInt32 COMMENT 'Its partition.',
    record_offset Int64 COMMENT 'Offset of the record.',
    scope String COMMENT 'Which requests it is about.',
    source String COMMENT 'budget/NAME, rule/NAME or manual/ID; with the scope the key: one command of a key stands.',
    id String COMMENT 'Names the command.',
    epoch Int64 COMMENT 'Of a key the highest epoch stands, within it the highest counter.',
    counter Int64 COMMENT 'See epoch.',
    action LowCardinality(String) COMMENT 'none (a release), allow, route_to, trim_output, throttle, cache_only or kill.',
    parameters String COMMENT 'JSON.',
    probe UInt8 COMMENT '1 where a release is tried out.',
    issued_at DateTime64(3, 'UTC') COMMENT 'When it was issued.',
    expires_at Nullable(DateTime64(3, 'UTC')) COMMENT 'From then on it asks for nothing; NULL until released.',
    reason String COMMENT 'Why, for whoever is refused.',
    tenant_id String COMMENT 'The tenant that the scope names; empty where it names none or several.',
    budget LowCardinality(String) COMMENT 'Of an automatic command.',
    budget_set_version Int64 COMMENT 'Of an automatic command.',
    trigger LowCardinality(String) COMMENT 'What of the ladder was reached.',
    unit LowCardinality(String) COMMENT 'picodollars or tokens: of the three amounts that follow.',
    spent Int128 COMMENT 'What was spent in the period.',
    spend_limit Int128 COMMENT 'What may be spent.',
    saves_per_minute Int128 COMMENT 'Estimate of what the command saves.',
    burn_rate Nullable(Float64) COMMENT 'Speed of spending over the speed that exhausts the budget exactly.',
    event_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Broker timestamp of the newest event it was decided on.',
    written_at DateTime('UTC') DEFAULT now() COMMENT 'When the row was written.'
)
ENGINE = ReplacingMergeTree
PARTITION BY intDiv(record_offset, 1000000)
ORDER BY (topic, partition, record_offset)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
         old_parts_lifetime = 480
COMMENT 'Commands to gateways as they were issued.';

CREATE OR REPLACE VIEW tokenstream.commands
(
    issued_at DateTime64(3, 'UTC') COMMENT 'When it was issued.',
    state LowCardinality(String) COMMENT 'active, released, expired, or replaced by a higher version of its key.',
    scope String COMMENT 'Which requests it is about.',
    source String COMMENT 'budget/NAME, rule/NAME or manual/ID.',
    id String COMMENT 'Names the command.',
    epoch Int64 COMMENT 'First part of the version.',
    counter Int64 COMMENT 'Second part of the version.',
    action LowCardinality(String) COMMENT 'What gateways are to do.',
    parameters String COMMENT 'JSON.',
    probe UInt8 COMMENT '1 where a release is tried out.',
    expires_at Nullable(DateTime64(3, 'UTC')) COMMENT 'NULL until released.',
    reason String COMMENT 'Why.',
    tenant_id String COMMENT 'The tenant that the scope names, if one.',
    budget LowCardinality(String) COMMENT 'Of an automatic command.',
    budget_set_version Int64 COMMENT 'Of an automatic command.',
    trigger LowCardinality(String) COMMENT 'What of the ladder was reached.',
    spent_usd Nullable(Decimal(38, 12)) COMMENT 'Spent in the period; NULL where the budget counts tokens.',
    limit_usd Nullable(Decimal(38, 12)) COMMENT 'The limit; NULL where the budget counts tokens.',
    spent_tokens Nullable(Int128) COMMENT 'Spent in the period, where the budget counts tokens.',
    limit_tokens Nullable(Int128) COMMENT 'The limit, where the budget counts tokens.',
    saves_usd_per_minute Nullable(Decimal(38, 12)) COMMENT 'Estimate of what the command saves.',
    burn_rate Nullable(Float64) COMMENT 'Burn rate when it was issued.',
    event_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Broker timestamp of the newest event it was decided on.'
)
AS SELECT
    records.issued_at AS issued_at,
    multiIf((records.epoch, records.counter) != (newest.version.1, newest.version.2), 'replaced', records.action = 'none', 'released',
        ifNull(records.expires_at <= now64(3), 0), 'expired', 'active') AS state,
    records.scope AS scope, records.source AS source, records.id AS id, records.epoch AS epoch, records.counter AS counter,
    records.action AS action, records.parameters AS parameters, records.probe AS probe, records.expires_at AS expires_at,
    records.reason AS reason, records.tenant_id AS tenant_id, records.budget AS budget, records.budget_set_version AS budget_set_version,
    records.trigger AS trigger,
    if(records.unit = 'picodollars', CAST(toDecimal256(records.spent, 12) / 1000000000000 AS Decimal(38, 12)), NULL) AS spent_usd,
    if(records.unit = 'picodollars', CAST(toDecimal256(records.spend_limit, 12) / 1000000000000 AS Decimal(38, 12)), NULL) AS limit_usd,
    if(records.unit = 'tokens', records.spent, NULL) AS spent_tokens,
    if(records.unit = 'tokens', records.spend_limit, NULL) AS limit_tokens,
    if(records.unit = 'picodollars', CAST(toDecimal256(records.saves_per_minute, 12) / 1000000000000 AS Decimal(38, 12)), NULL) AS saves_usd_per_minute,
    records.burn_rate AS burn_rate, records.event_at AS event_at
FROM tokenstream.command_records AS records FINAL
INNER JOIN
(
    SELECT scope, source, max((epoch, counter)) AS version
    FROM tokenstream.command_records
    GROUP BY scope, source
) AS newest ON newest.scope = records.scope AND newest.source = records.source;
