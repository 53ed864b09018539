-- The sources of the last hour, now with the requests that failed apart from those without usage.
CREATE OR REPLACE VIEW tokenstream.sources_seen
(
    source LowCardinality(String) COMMENT 'The format of the payloads.',
    emitter LowCardinality(String) COMMENT 'Who wrote them, as they say.',
    version LowCardinality(String) COMMENT 'In which version; empty where it tells none.',
    first_minute DateTime('UTC') COMMENT 'The first minute of the last hour in which something came.',
    last_minute DateTime('UTC') COMMENT 'The last one.',
    tenants UInt64 COMMENT 'Tenants seen; a lower bound where there is a tenant ~other.',
    tenant_shares Array(Tuple(tenant_id String, share Float64)) COMMENT 'The five tenants with most events, and their share of them.',
    events UInt64 COMMENT 'What became events.',
    events_per_second Float64 COMMENT 'Since the first minute until now.',
    exact_share Float64 COMMENT 'Share of what the provider reported, by a convention that is proven.',
    bound_share Float64 COMMENT 'Share with exact totals of which the cost is a bound.',
    assumed_share Float64 COMMENT 'Share read by the usual convention, for an emitter, version or provider that is not proven.',
    counted_share Float64 COMMENT 'Share that the source counted or made up by itself, or that was cut off.',
    unknown_share Float64 COMMENT 'Share of which no usage was reported.',
    failed_share Float64 COMMENT 'Share of requests that failed or were refused, and so have no usage.',
    default_tenant_share Float64 COMMENT 'Share whose payload named no tenant.',
    standings Map(String, UInt64) COMMENT 'Events by how sure their counts are.',
    refused UInt64 COMMENT 'What became no event.',
    refused_reasons Map(String, UInt64) COMMENT 'The same by reason.',
    omitted_texts UInt64 COMMENT 'Optional texts left out.',
    advice Array(Tuple(code String, items UInt64, text String)) COMMENT 'What to set to improve it, and how many items it is about.'
)
AS
WITH
    (
        SELECT mapFromArrays(groupArray(concat(known.source, ' ', known.code)), groupArray(known.text))
        FROM tokenstream.source_advice AS known FINAL
    ) AS texts,
    arrayConcat(
        if(seen.default_tenant > 0, [('default_tenant', seen.default_tenant)], []),
        arrayMap((name, items) -> (concat('standing:', name), items), mapKeys(seen.by_standing), mapValues(seen.by_standing)),
        arrayMap((name, items) -> (concat('refused:', name), items), mapKeys(seen.by_reason), mapValues(seen.by_reason)),
        if(seen.omitted_texts > 0, [('omitted_texts', seen.omitted_texts)], [])
    ) AS remarks
SELECT
    seen.source AS source, seen.emitter AS emitter, seen.version AS version,
    seen.first_minute AS first_minute, seen.last_minute AS last_minute,
    toUInt64(arrayCount(entry -> entry.1 NOT IN ('', '~other'), seen.by_tenant)) AS tenants,
    arrayMap(
        entry -> (entry.1, entry.2 / seen.events),
        arraySlice(arrayReverseSort(entry -> (entry.2, entry.1), arrayFilter(entry -> entry.2 > 0, seen.by_tenant)), 1, 5)
    ) AS tenant_shares,
    seen.events AS events,
    seen.events / greatest(60, dateDiff('second', seen.first_minute, now('UTC'))) AS events_per_second,
    if(seen.events = 0, 0, seen.by_standing['exact'] / seen.events) AS exact_share,
    if(seen.events = 0, 0,
        arraySum(arrayMap((name, items) -> if(startsWith(name, 'bound'), items, 0), mapKeys(seen.by_standing), mapValues(seen.by_standing)))
            / seen.events) AS bound_share,
    if(seen.events = 0, 0, seen.by_standing['assumed'] / seen.events) AS assumed_share,
    if(seen.events = 0, 0, (seen.by_standing['counted'] + seen.by_standing['cut'] + seen.by_standing['mock']) / seen.events)
        AS counted_share,
    if(seen.events = 0, 0, seen.by_standing['unknown'] / seen.events) AS unknown_share,
    if(seen.events = 0, 0, seen.by_standing['failed'] / seen.events) AS failed_share,
    if(seen.events = 0, 0, seen.default_tenant / seen.events) AS default_tenant_share,
    seen.by_standing AS standings,
    toUInt64(arraySum(mapValues(seen.by_reason))) AS refused,
    seen.by_reason AS refused_reasons,
    seen.omitted_texts AS omitted_texts,
    arrayMap(
        remark -> (remark.1, remark.2, texts[concat(seen.source, ' ', remark.1)]),
        arrayFilter(remark -> remark.1 NOT IN ('standing:exact', 'standing:failed'), remarks)) AS advice
FROM
(
    SELECT
        of_tenant.source AS source, of_tenant.emitter AS emitter, of_tenant.version AS version,
        min(of_tenant.first_minute) AS first_minute, max(of_tenant.last_minute) AS last_minute,
        groupArray((of_tenant.tenant_id, of_tenant.events)) AS by_tenant,
        sum(of_tenant.events) AS events, sumMap(of_tenant.standings) AS by_standing, sumMap(of_tenant.refused) AS by_reason,
        sum(of_tenant.default_tenant) AS default_tenant, sum(of_tenant.omitted_texts) AS omitted_texts
    FROM
    (
        SELECT
            counts.source AS source, counts.emitter AS emitter, counts.version AS version, counts.tenant_id AS tenant_id,
            min(counts.minute) AS first_minute, max(counts.minute) AS last_minute,
            sum(counts.events) AS events, sumMap(counts.standings) AS standings, sumMap(counts.refused) AS refused,
            sum(counts.default_tenant) AS default_tenant, sum(counts.omitted_texts) AS omitted_texts
        FROM tokenstream.sources_1m AS counts FINAL
        WHERE counts.minute >= now('UTC') - INTERVAL 1 HOUR
        GROUP BY counts.source, counts.emitter, counts.version, counts.tenant_id
    ) AS of_tenant
    GROUP BY of_tenant.source, of_tenant.emitter, of_tenant.version
) AS seen
ORDER BY seen.events DESC, seen.source, seen.emitter, seen.version;
