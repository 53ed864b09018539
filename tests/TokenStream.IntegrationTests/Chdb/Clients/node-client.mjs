// Drives the store with ClickHouse's own client for Node.js: node node-client.mjs URL SECRET. Prints one line a step; exits 1 at the first surprise.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const [url, secret, clients] = process.argv.slice(2);
const { createClient: create, ClickHouseLogLevel } = createRequire(`${clients}/package.json`)('@clickhouse/client');

const createClient = (options) => create({ ...options, log: { level: ClickHouseLogLevel.OFF } });

const owner = createClient({ url, username: 'tokenstream', password: secret, database: 'tokenstream' });
const reader = createClient({ url });
const packed = createClient({ url, username: 'tokenstream', password: secret, compression: { request: true, response: true } });

assert.equal((await reader.ping()).success, true);
assert.equal((await reader.ping({ select: true })).success, true);
console.log('pinged');

await owner.command({ query: 'CREATE TABLE node (a UInt64, s String) ENGINE = MergeTree ORDER BY a' });
const inserted = await owner.insert({ table: 'node', values: [{ a: 1, s: 'one' }, { a: 2, s: "two\n\n'quoted'" }], format: 'JSONEachRow' });
assert.equal(inserted.summary?.written_rows, '2');
await packed.insert({ table: 'tokenstream.node', values: Array.from({ length: 100000 }, (_, a) => ({ a: a + 10, s: `row ${a}` })), format: 'JSONEachRow' });
console.log('inserted');

const rows = await (await reader.query({ query: 'SELECT a, s FROM node WHERE a < {most: UInt64} ORDER BY a', query_params: { most: 3 }, format: 'JSONEachRow' })).json();
assert.deepEqual(rows.map((row) => [Number(row.a), row.s]), [[1, 'one'], [2, "two\n\n'quoted'"]]);
const whole = await (await packed.query({ query: 'SELECT count() AS n FROM tokenstream.node', format: 'JSON' })).json();
assert.equal(Number(whole.data[0].n), 100002);
console.log('queried');

let streamed = 0;
for await (const part of (await reader.query({ query: 'SELECT number FROM numbers(500000)', format: 'JSONCompactEachRow' })).stream()) streamed += part.length;
assert.equal(streamed, 500000);
const none = await (await reader.query({ query: 'SELECT 1 AS x WHERE 0', format: 'JSON' })).json();
assert.deepEqual([none.rows, none.meta.length], [0, 1]);
console.log('streamed');

await assert.rejects(reader.query({ query: 'SELECT * FROM nowhere' }), { code: '60' });
await assert.rejects(reader.insert({ table: 'node', values: [{ a: 3, s: 'x' }], format: 'JSONEachRow' }), { code: '497' });
await assert.rejects(createClient({ url, username: 'tokenstream', password: 'wrong' }).query({ query: 'SELECT 1' }), { code: '516' });
await assert.rejects(async () => {
  const late = await reader.query({ query: 'SELECT throwIf(number = 3000000), number FROM numbers(4000000)', format: 'JSONEachRow' });
  for await (const part of late.stream()) void part.length;
});
console.log('refused');
await Promise.all([owner.close(), reader.close(), packed.close()]);
