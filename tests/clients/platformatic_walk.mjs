// What users of @platformatic/kafka do, against the log at argv[2]: it knows recent versions of the protocol only. Ends with "ok".
import assert from 'node:assert';
import { Admin, Consumer, MessagesStreamModes, Producer, stringDeserializers, stringSerializers } from '@platformatic/kafka';

const bootstrapBrokers = [process.argv[2]];
const records = 200;
const codecs = ['none', 'gzip', 'snappy', 'lz4'];

const admin = new Admin({ clientId: 'admin', bootstrapBrokers });
const [made] = await admin.createTopics({ topics: ['pl'], partitions: 3, replicas: 1 });
assert.equal(made.partitions, 3);

for (const compression of codecs) {
  for (const idempotent of [false, true]) {
    const producer = new Producer({ clientId: 'producer', bootstrapBrokers, serializers: stringSerializers, idempotent });
    await producer.send({ compression, messages: Array.from({ length: records }, (_, i) => ({ topic: 'pl', key: `k${i}`, value: `v${i}` })) });
    await producer.close();
  }
}

const consumer = new Consumer({ groupId: 'pl', clientId: 'consumer', bootstrapBrokers, deserializers: stringDeserializers, maxWaitTime: 500 });
const stream = await consumer.consume({ topics: ['pl'], autocommit: true, sessionTimeout: 10000, heartbeatInterval: 500, mode: MessagesStreamModes.EARLIEST });
let read = 0;
for await (const message of stream) {
  assert.equal(message.value, message.key.replace('k', 'v'));
  if (++read === 2 * codecs.length * records) break;
}
await consumer.close(true);

assert((await admin.listGroups()).has('pl'));
await admin.deleteTopics({ topics: ['pl'] });
await admin.close();
console.log('ok');
