-- What a unit of use costs, by day, tenant and feature. Ratios are of the day: over a longer range divide the sums, and merge the sketch.
CREATE OR REPLACE VIEW tokenstream.unit_economics
(
    window_start DateTime('UTC') COMMENT 'Start of the day, UTC.',
    environment String COMMENT 'Environment the usage belongs to.',
    tenant_id String COMMENT 'Tenant that used it.',
    feature String COMMENT 'Feature of the application.',
    requests Int64 COMMENT 'Requests, retries not counted.',
    attempts Int64 COMMENT 'Calls, retries included.',
    tokens Int64 COMMENT 'Input and output tokens.',
    conversations UInt64 COMMENT 'Distinct sessions, standard error 1.6 %.',
    users UInt64 COMMENT 'Distinct users, standard error 1.6 %.',
    accepted Int64 COMMENT 'Answers that users accepted.',
    unpriced_tokens Int64 COMMENT 'Tokens without a price: where there are any, costs are too low.',
    cost_usd Decimal(38, 12) COMMENT 'Cost, exact to the picodollar.',
    cost_per_1000_requests_usd Nullable(Decimal(38, 12)) COMMENT 'Cost of 1,000 requests, cut to the picodollar.',
    cost_per_conversation_usd Nullable(Decimal(38, 12)) COMMENT 'Cost of a session, as exact as their number.',
    cost_per_user_usd Nullable(Decimal(38, 12)) COMMENT 'Cost of a user, as exact as their number.',
    cost_per_accepted_usd Nullable(Decimal(38, 12)) COMMENT 'Cost of an accepted answer, all others included.',
    cost_per_million_tokens_usd Nullable(Decimal(38, 12)) COMMENT 'Cost of a million tokens, input and output together.',
    sessions_sketch Map(UInt16, UInt8) COMMENT 'Distinct sessions: sketch, merged by maxMap, read by tokenstream_uniques.'
)
AS SELECT
    window_start, environment, tenant_id, feature,
    sum(usage.requests) AS requests,
    sum(usage.attempts) AS attempts,
    sum(usage.tokens_in + usage.tokens_out) AS tokens,
    tokenstream_uniques(maxMap(usage.sessions_sketch)) AS conversations,
    tokenstream_uniques(maxMap(usage.users_sketch)) AS users,
    sum(usage.accepted) AS accepted,
    sum(usage.unpriced_tokens) AS unpriced_tokens,
    sum(usage.cost_usd) AS cost_usd,
    if(sum(usage.requests) = 0, NULL, sum(usage.cost_usd) * 1000 / sum(usage.requests)) AS cost_per_1000_requests_usd,
    if(tokenstream_uniques(maxMap(usage.sessions_sketch)) = 0, NULL, sum(usage.cost_usd) / tokenstream_uniques(maxMap(usage.sessions_sketch)))
        AS cost_per_conversation_usd,
    if(tokenstream_uniques(maxMap(usage.users_sketch)) = 0, NULL, sum(usage.cost_usd) / tokenstream_uniques(maxMap(usage.users_sketch)))
        AS cost_per_user_usd,
    if(sum(usage.accepted) = 0, NULL, sum(usage.cost_usd) / sum(usage.accepted)) AS cost_per_accepted_usd,
    if(sum(usage.tokens_in + usage.tokens_out) = 0, NULL, sum(usage.cost_usd) * 1000000 / sum(usage.tokens_in + usage.tokens_out))
        AS cost_per_million_tokens_usd,
    maxMap(usage.sessions_sketch) AS sessions_sketch
FROM tokenstream.usage_1d AS usage
GROUP BY window_start, environment, tenant_id, feature;
