-- What scopes of budgets spent, in windows of 10 seconds, corrections as rows of their own. The identity of a row is its sorting key: a row written
-- again replaces itself. Partitions are functions of the identity. Dimensions that a scope leaves free are empty; bound ones are a value, or a
-- pattern with a star.
CREATE TABLE IF NOT EXISTS tokenstream.spend_by_scope_10s
(
    epoch UInt32 COMMENT 'Raised by a reset of the input partition.',
    topic LowCardinality(String) COMMENT 'Input topic.',
    partition UInt32 COMMENT 'Input partition.',
    window_start DateTime('UTC') COMMENT 'Start of the window of 10 seconds.',
    part UInt64 COMMENT '0 for the window at its closing; for a correction by late events the number of the decision that published it.',
    scope String COMMENT 'The scope, as budgets and commands write it.',
    organisation LowCardinality(String) COMMENT 'What the scope asks of the organisation; empty for nothing.',
    environment LowCardinality(String) COMMENT 'The same of the environment.',
    tenant_id LowCardinality(String) COMMENT 'The same of the tenant.',
    app LowCardinality(String) COMMENT 'The same of the application.',
    feature LowCardinality(String) COMMENT 'The same of the feature.',
    provider LowCardinality(String) COMMENT 'The same of the provider.',
    model LowCardinality(String) COMMENT 'The same of the model.',
    user_id String COMMENT 'The same of the user.',
    decision UInt64 COMMENT 'Number of the decision that published it.',
    rules_version UInt64 COMMENT 'Version of the rules it was computed under.',
    budgets_version UInt64 COMMENT 'Version of the budgets whose scopes were summed.',
    cost_usd Decimal(38, 12) COMMENT 'Cost of what had a price.',
    batch_cost_usd Decimal(38, 12) COMMENT 'The part of it of the batch service tier.',
    unpriced_bound_usd Decimal(38, 12) COMMENT 'What usage without a price counts at.',
    batch_unpriced_bound_usd Decimal(38, 12) COMMENT 'The part of it of the batch service tier.',
    blocked_cost_usd Decimal(38, 12) COMMENT 'What requests that a budget blocked would have cost.',
    tokens Int64 COMMENT 'Input and output tokens.',
    batch_tokens Int64 COMMENT 'The part of them of the batch service tier.',
    unbound_tokens Int64 COMMENT 'Tokens with neither price nor bound.',
    blocked_tokens Int64 COMMENT 'Tokens that blocked requests asked for.',
    requests Int64 COMMENT 'Requests, blocked ones left out.',
    batch_requests Int64 COMMENT 'The part of them of the batch service tier.',
    blocked_requests Int64 COMMENT 'Requests that a budget blocked.',
    written_at DateTime('UTC') DEFAULT now() COMMENT 'When the row was written.'
)
ENGINE = ReplacingMergeTree
PARTITION BY toMonday(window_start)
ORDER BY (scope, window_start, topic, partition, epoch, part)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
         old_parts_lifetime = 480
COMMENT 'What scopes of budgets spent in 10 seconds.';

-- The decisions whose spend is there, once for each partition of the spend topic: the rows of a decision are written before its mark.
CREATE TABLE IF NOT EXISTS tokenstream.spend_marks
(
    epoch UInt32 COMMENT 'Raised by a reset of the input partition.',
    topic LowCardinality(String) COMMENT 'Input topic.',
    partition UInt32 COMMENT 'Input partition.',
    spend_partition UInt32 COMMENT 'Partition of the spend topic that the mark came on.',
    decision UInt64 COMMENT 'Number of the decision: 1, 2, ..',
    position Int64 COMMENT 'Input offset up to which (exclusive) was read.',
    closed_through DateTime64(3, 'UTC') COMMENT 'Every window that ends by then is closed.',
    rules_version Int64 COMMENT 'Version of the rules it was decided under.',
    written_at DateTime('UTC') DEFAULT now() COMMENT 'When the row was written.'
)
ENGINE = ReplacingMergeTree
PARTITION BY intDiv(decision, 1000000)
ORDER BY (topic, partition, epoch, spend_partition, decision)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
         old_parts_lifetime = 480
COMMENT 'Decisions whose spend by scope is there.';

-- What scopes spent, void rows left out; a row a scope and window. Sum over window_start for longer spans.
CREATE OR REPLACE VIEW tokenstream.spend_by_scope
(
    window_start DateTime('UTC') COMMENT 'Start of the window of 10 seconds.',
    scope String COMMENT 'The scope, as budgets and commands write it.',
    organisation String COMMENT 'What the scope asks of the organisation; empty for nothing.',
    environment String COMMENT 'The same of the environment.',
    tenant_id String COMMENT 'The same of the tenant.',
    app String COMMENT 'The same of the application.',
    feature String COMMENT 'The same of the feature.',
    provider String COMMENT 'The same of the provider.',
    model String COMMENT 'The same of the model.',
    user_id String COMMENT 'The same of the user.',
    cost_usd Decimal(38, 12) COMMENT 'Cost of what had a price.',
    batch_cost_usd Decimal(38, 12) COMMENT 'The part of it of the batch service tier.',
    unpriced_bound_usd Decimal(38, 12) COMMENT 'What usage without a price counts at.',
    batch_unpriced_bound_usd Decimal(38, 12) COMMENT 'The part of it of the batch service tier.',
    blocked_cost_usd Decimal(38, 12) COMMENT 'What requests that a budget blocked would have cost.',
    tokens Int64 COMMENT 'Input and output tokens.',
    batch_tokens Int64 COMMENT 'The part of them of the batch service tier.',
    unbound_tokens Int64 COMMENT 'Tokens with neither price nor bound.',
    blocked_tokens Int64 COMMENT 'Tokens that blocked requests asked for.',
    requests Int64 COMMENT 'Requests, blocked ones left out.',
    batch_requests Int64 COMMENT 'The part of them of the batch service tier.',
    blocked_requests Int64 COMMENT 'Requests that a budget blocked.',
    late_requests Int64 COMMENT 'Requests that came after their window was closed.'
)
AS SELECT
    spend.window_start AS window_start, spend.scope AS scope,
    any(spend.organisation) AS organisation, any(spend.environment) AS environment, any(spend.tenant_id) AS tenant_id, any(spend.app) AS app,
    any(spend.feature) AS feature, any(spend.provider) AS provider, any(spend.model) AS model, any(spend.user_id) AS user_id,
    sum(spend.cost_usd) AS cost_usd,
    sum(spend.batch_cost_usd) AS batch_cost_usd,
    sum(spend.unpriced_bound_usd) AS unpriced_bound_usd,
    sum(spend.batch_unpriced_bound_usd) AS batch_unpriced_bound_usd,
    sum(spend.blocked_cost_usd) AS blocked_cost_usd,
    sum(spend.tokens) AS tokens,
    sum(spend.batch_tokens) AS batch_tokens,
    sum(spend.unbound_tokens) AS unbound_tokens,
    sum(spend.blocked_tokens) AS blocked_tokens,
    sum(spend.requests) AS requests,
    sum(spend.batch_requests) AS batch_requests,
    sum(spend.blocked_requests) AS blocked_requests,
    sumIf(spend.requests, spend.part > 0) AS late_requests
FROM tokenstream.spend_by_scope_10s AS spend FINAL
WHERE spend.window_start < transform(cityHash64(spend.epoch, spend.topic, spend.partition), (SELECT sources FROM tokenstream.void_lookup),
                                     (SELECT starts FROM tokenstream.void_lookup), toDateTime(4294967295, 'UTC'))
GROUP BY window_start, scope;
