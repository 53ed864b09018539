-- What caching does, by hour: the provider's own cache (cached input tokens) and the gateway's (requests that never reached the provider).
CREATE OR REPLACE VIEW tokenstream.cache_efficiency
(
    window_start DateTime('UTC') COMMENT 'Start of the hour, UTC.',
    environment String COMMENT 'Environment the usage belongs to.',
    tenant_id String COMMENT 'Tenant that used it.',
    feature String COMMENT 'Feature of the application.',
    provider String COMMENT 'Provider that served it.',
    model String COMMENT 'Model that served it.',
    attempts Int64 COMMENT 'Calls, retries included.',
    tokens_in Int64 COMMENT 'Input tokens, cached ones included, avoided ones not.',
    tokens_cached Int64 COMMENT 'Input tokens read from the provider cache.',
    tokens_cache_write Int64 COMMENT 'Input tokens written to the provider cache.',
    cached_unknown Int64 COMMENT 'Attempts that did not say how many tokens were cached: the share below is a lower bound where there are any.',
    cached_share Nullable(Float64) COMMENT 'tokens_cached / tokens_in.',
    cost_cache_read_usd Decimal(38, 12) COMMENT 'Cost of input tokens read from the provider cache.',
    cost_cache_write_usd Decimal(38, 12) COMMENT 'Cost of writes to the provider cache.',
    cost_usd Decimal(38, 12) COMMENT 'Cost, exact to the picodollar.',
    gateway_hits Int64 COMMENT 'Attempts that the gateway cache answered, exactly or by meaning.',
    gateway_hit_share Nullable(Float64) COMMENT 'gateway_hits / attempts.',
    avoided_tokens Int64 COMMENT 'Tokens that hits of the gateway cache avoided.',
    saved_usd Decimal(38, 12) COMMENT 'What the avoided tokens would have cost.'
)
AS SELECT
    window_start, environment, tenant_id, feature, provider, model,
    sum(usage.attempts) AS attempts,
    sum(usage.tokens_in) AS tokens_in,
    sum(usage.tokens_cached) AS tokens_cached,
    sum(usage.tokens_cache_write) AS tokens_cache_write,
    sum(usage.cached_unknown) AS cached_unknown,
    if(sum(usage.tokens_in) = 0, NULL, sum(usage.tokens_cached) / sum(usage.tokens_in)) AS cached_share,
    sum(usage.cost_cache_read_usd) AS cost_cache_read_usd,
    sum(usage.cost_cache_write_5m_usd) + sum(usage.cost_cache_write_1h_usd) AS cost_cache_write_usd,
    sum(usage.cost_usd) AS cost_usd,
    sum(usage.cache_exact) + sum(usage.cache_semantic) AS gateway_hits,
    if(sum(usage.attempts) = 0, NULL, (sum(usage.cache_exact) + sum(usage.cache_semantic)) / sum(usage.attempts)) AS gateway_hit_share,
    sum(usage.avoided_tokens) AS avoided_tokens,
    sum(usage.saved_usd) AS saved_usd
FROM tokenstream.usage_1h AS usage
GROUP BY window_start, environment, tenant_id, feature, provider, model;
