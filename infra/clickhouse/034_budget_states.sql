-- How each budget stood for each of its scopes: of every five minutes the last state that was said. A state is said where it changed, and
-- hourly in any case.
CREATE TABLE IF NOT EXISTS tokenstream.budget_state_records
(
    topic LowCardinality(String) COMMENT 'The topic of budget states.',
    partition UInt32 COMMENT 'Its partition.',
    record_offset Int64 COMMENT 'Offset of the record.',
    at DateTime64(3, 'UTC') COMMENT 'When it stood so.',
    slot DateTime('UTC') COMMENT 'Start of the five minutes it belongs to.',
    budget LowCardinality(String) COMMENT 'The budget.',
    scope String COMMENT 'One of its scopes.',
    tenant_id String COMMENT 'The tenant that the scope names; empty where it names none or several.',
    state LowCardinality(String) COMMENT 'ok, watching, soft, hard or exhausted.',
    mode LowCardinality(String) COMMENT 'observe, alert or enforce.',
    owner String COMMENT 'Whom it belongs to; empty where the budget does not say.',
    budget_set_version Int64 COMMENT 'Version of the budgets.',
    seeding UInt8 COMMENT '1 where the period is not filled from stored rollups yet: nothing is sent.',
    stale UInt8 COMMENT '1 where no fresh spend came: no automatic command comes from it.',
    unit LowCardinality(String) COMMENT 'picodollars or tokens: of the amounts that follow.',
    spent Int128 COMMENT 'Spent in the period, the bound on unpriced usage left out.',
    spend_limit Int128 COMMENT 'What may be spent, what was carried over included.',
    unpriced_bound Int128 COMMENT 'Bound on the usage without a price.',
    blocked Int128 COMMENT 'What blocked requests would have cost.',
    demand_per_minute Int128 COMMENT 'Spent and blocked in the last whole minute.',
    period_start DateTime64(3, 'UTC') COMMENT 'Start of the period.',
    period_end DateTime64(3, 'UTC') COMMENT 'End of the period.',
    exhausted_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the limit is reached as forecast; NULL where not in this period.',
    exhausted_earliest Nullable(DateTime64(3, 'UTC')) COMMENT 'Begin of the interval of the forecast.',
    exhausted_latest Nullable(DateTime64(3, 'UTC')) COMMENT 'End of the interval of the forecast.',
    burn_rates String COMMENT 'JSON: the burn-rate pairs, each with factor, long_ms, short_ms, long_rate, short_rate, fires.',
    written_at DateTime('UTC') DEFAULT now() COMMENT 'When the row was written.'
)
ENGINE = ReplacingMergeTree(record_offset)
PARTITION BY toYYYYMM(slot)
ORDER BY (budget, scope, slot)
SETTINGS non_replicated_deduplication_window = 1000, old_parts_lifetime = 480
COMMENT 'States of budgets over time.';

-- Each budget and scope as it stands. Whatever was not spoken of for two hours is gone.
CREATE OR REPLACE VIEW tokenstream.budgets
(
    budget LowCardinality(String) COMMENT 'The budget.',
    scope String COMMENT 'One of its scopes.',
    tenant_id String COMMENT 'The tenant that the scope names; empty where it names none or several.',
    state LowCardinality(String) COMMENT 'ok, watching, soft, hard or exhausted.',
    mode LowCardinality(String) COMMENT 'observe, alert or enforce.',
    owner String COMMENT 'Whom it belongs to.',
    at DateTime64(3, 'UTC') COMMENT 'When this was said.',
    spent_usd Nullable(Decimal(38, 12)) COMMENT 'Spent in the period; NULL where the budget counts tokens.',
    limit_usd Nullable(Decimal(38, 12)) COMMENT 'What may be spent.',
    unpriced_bound_usd Nullable(Decimal(38, 12)) COMMENT 'Bound on usage without a price, not in spent_usd.',
    blocked_usd Nullable(Decimal(38, 12)) COMMENT 'What blocked requests would have cost.',
    demand_usd_per_minute Nullable(Decimal(38, 12)) COMMENT 'Spent and blocked in the last whole minute.',
    spent_tokens Nullable(Int128) COMMENT 'Spent in the period, where the budget counts tokens.',
    limit_tokens Nullable(Int128) COMMENT 'What may be spent, where the budget counts tokens.',
    spent_share Nullable(Float64) COMMENT 'Spent over limit, 1 is all of it; NULL where the limit is nothing.',
    burn_rate Float64 COMMENT 'Speed of spending over the shortest of its long lookbacks; 1 exhausts the budget exactly.',
    exhausted_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the limit is reached as forecast; NULL where not in this period.',
    exhausted_earliest Nullable(DateTime64(3, 'UTC')) COMMENT 'Begin of the interval of the forecast.',
    exhausted_latest Nullable(DateTime64(3, 'UTC')) COMMENT 'End of the interval of the forecast.',
    period_start DateTime64(3, 'UTC') COMMENT 'Start of the period.',
    period_end DateTime64(3, 'UTC') COMMENT 'End of the period.',
    seeding UInt8 COMMENT '1: nothing is sent, the period is not filled yet.',
    stale UInt8 COMMENT '1: no fresh spend.',
    budget_set_version Int64 COMMENT 'Version of the budgets.'
)
AS SELECT
    records.budget AS budget, records.scope AS scope, records.tenant_id AS tenant_id, records.state AS state, records.mode AS mode,
    records.owner AS owner, records.at AS at,
    if(records.unit = 'picodollars', CAST(toDecimal256(records.spent, 12) / 1000000000000 AS Decimal(38, 12)), NULL) AS spent_usd,
    if(records.unit = 'picodollars', CAST(toDecimal256(records.spend_limit, 12) / 1000000000000 AS Decimal(38, 12)), NULL) AS limit_usd,
    if(records.unit = 'picodollars', CAST(toDecimal256(records.unpriced_bound, 12) / 1000000000000 AS Decimal(38, 12)), NULL) AS unpriced_bound_usd,
    if(records.unit = 'picodollars', CAST(toDecimal256(records.blocked, 12) / 1000000000000 AS Decimal(38, 12)), NULL) AS blocked_usd,
    if(records.unit = 'picodollars', CAST(toDecimal256(records.demand_per_minute, 12) / 1000000000000 AS Decimal(38, 12)), NULL)
        AS demand_usd_per_minute,
    if(records.unit = 'tokens', records.spent, NULL) AS spent_tokens,
    if(records.unit = 'tokens', records.spend_limit, NULL) AS limit_tokens,
    if(records.spend_limit = 0, NULL, toFloat64(records.spent) / toFloat64(records.spend_limit)) AS spent_share,
    JSONExtractFloat(records.burn_rates, 1, 'long_rate') AS burn_rate,
    records.exhausted_at AS exhausted_at, records.exhausted_earliest AS exhausted_earliest, records.exhausted_latest AS exhausted_latest,
    records.period_start AS period_start, records.period_end AS period_end, records.seeding AS seeding, records.stale AS stale,
    records.budget_set_version AS budget_set_version
FROM tokenstream.budget_state_records AS records FINAL
WHERE records.slot >= now() - INTERVAL 2 HOUR
ORDER BY records.slot DESC
LIMIT 1 BY records.budget, records.scope;

-- The burn-rate pairs of each budget and scope over time, one row a pair and five minutes.
CREATE OR REPLACE VIEW tokenstream.burn_rate
(
    at DateTime64(3, 'UTC') COMMENT 'When it stood so.',
    budget LowCardinality(String) COMMENT 'The budget.',
    scope String COMMENT 'One of its scopes.',
    tenant_id String COMMENT 'The tenant that the scope names; empty where it names none or several.',
    state LowCardinality(String) COMMENT 'ok, watching, soft, hard or exhausted.',
    factor Float64 COMMENT 'What both lookbacks must exceed.',
    long_minutes Float64 COMMENT 'The long lookback.',
    short_minutes Float64 COMMENT 'The short lookback.',
    long_rate Float64 COMMENT 'Burn rate over the long lookback.',
    short_rate Float64 COMMENT 'Burn rate over the short lookback.',
    fires UInt8 COMMENT '1 where both exceed the factor and the amount will run out before the period ends.'
)
AS SELECT
    records.at AS at, records.budget AS budget, records.scope AS scope, records.tenant_id AS tenant_id, records.state AS state,
    JSONExtractFloat(pair, 'factor') AS factor,
    JSONExtractFloat(pair, 'long_ms') / 60000 AS long_minutes,
    JSONExtractFloat(pair, 'short_ms') / 60000 AS short_minutes,
    JSONExtractFloat(pair, 'long_rate') AS long_rate,
    JSONExtractFloat(pair, 'short_rate') AS short_rate,
    toUInt8(JSONExtractBool(pair, 'fires')) AS fires
FROM tokenstream.budget_state_records AS records FINAL
ARRAY JOIN JSONExtractArrayRaw(records.burn_rates) AS pair;
