// What users of OpenAI's and Anthropic's clients do, before the proxy at argv[2]: the tenant "blocked" is killed. Ends with "ok".
import assert from 'node:assert';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';

const address = process.argv[2];
const options = tenant => ({ apiKey: 'sk-none', maxRetries: 0, defaultHeaders: { 'x-tenant-id': tenant } });
const openai = tenant => new OpenAI({ baseURL: `${address}/v1`, ...options(tenant) });
const anthropic = tenant => new Anthropic({ baseURL: address, ...options(tenant) });
const messages = [{ role: 'user', content: 'Say hello.' }];
const chat = { model: 'gpt-5', messages };
const claude = { model: 'claude-sonnet', max_tokens: 100, messages };

const answer = await openai('acme').chat.completions.create(chat);
assert.equal(answer.usage.total_tokens, 17);

let text = '';
for await (const chunk of await openai('acme').chat.completions.create({ ...chat, stream: true })) {
  assert.equal(chunk.choices.length, 1, 'the usage that nobody asked for was passed on');
  text += chunk.choices[0].delta.content ?? '';
}
assert.equal(text, 'hello');

let usage;
for await (const chunk of await openai('acme').chat.completions.create({ ...chat, stream: true, stream_options: { include_usage: true } })) {
  usage = chunk.usage ?? usage;
}
assert.equal(usage.completion_tokens, 30);

for await (const event of await openai('acme').responses.create({ model: 'gpt-5', input: 'hi', stream: true })) {
  usage = event.response?.usage ?? usage;
}
assert.equal(usage.output_tokens, 9);
assert.equal((await openai('acme').embeddings.create({ model: 'text-embedding-3-small', input: 'hi', encoding_format: 'float' })).data.length, 1);

assert.equal((await anthropic('acme').messages.create(claude)).usage.output_tokens, 15);
assert.equal((await anthropic('acme').messages.stream(claude).finalMessage()).usage.output_tokens, 15);

await assert.rejects(
  openai('blocked').chat.completions.create(chat), error => error instanceof OpenAI.PermissionDeniedError && error.code === 'tokenstream_killed');
await assert.rejects(
  anthropic('blocked').messages.create(claude), error => error instanceof Anthropic.PermissionDeniedError && /a test says so/.test(error.message));
console.log('ok');
