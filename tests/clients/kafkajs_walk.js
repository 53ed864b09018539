// What users of kafkajs do, against the log at argv[2]. Ends with "ok".
const assert = require('node:assert');
const { CompressionTypes, Kafka, logLevel } = require('kafkajs');

process.env.KAFKAJS_NO_PARTITIONER_WARNING = '1';
const records = 1000;
const message = i => ({ key: `k${i}`, value: `v${i}`, headers: { h: '1' } });
const messages = Array.from({ length: records }, (_, i) => message(i));

async function walk() {
  const kafka = new Kafka({ clientId: 'walk', brokers: [process.argv[2]], logLevel: logLevel.ERROR });
  const admin = kafka.admin();
  await admin.connect();
  assert(await admin.createTopics({ topics: [{ topic: 'js', numPartitions: 3, configEntries: [{ name: 'retention.ms', value: '900000' }] }] }));

  const plain = kafka.producer();
  const idempotent = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
  for (const [producer, compression] of [[plain, CompressionTypes.None], [plain, CompressionTypes.GZIP], [idempotent, CompressionTypes.GZIP]]) {
    await producer.connect();
    await producer.send({ topic: 'js', compression, messages });
  }
  await plain.disconnect();
  await idempotent.disconnect();

  const members = [kafka.consumer({ groupId: 'js' }), kafka.consumer({ groupId: 'js' })];
  const seen = new Set();
  const shares = new Map();
  await new Promise((resolve, reject) => {
    const done = () => seen.size === 3 * records && [...shares.values()].sort().join() === '1,2' && resolve();
    members.forEach((member, m) => {
      member.on(member.events.GROUP_JOIN, e => { shares.set(m, (e.payload.memberAssignment.js ?? []).length); done(); });
      member.connect().then(() => member.subscribe({ topic: 'js', fromBeginning: true }))
        .then(() => member.run({ eachMessage: async e => { seen.add(`${e.partition}/${e.message.offset}`); done(); } })).catch(reject);
    });
  });
  for (const member of members) await member.disconnect();

  const ends = await admin.fetchTopicOffsets('js');
  assert.equal(ends.reduce((sum, p) => sum + Number(p.high), 0), 3 * records);
  const [{ partitions }] = await admin.fetchOffsets({ groupId: 'js', topics: ['js'] });
  assert.equal(partitions.reduce((sum, p) => sum + Number(p.offset), 0), 3 * records);
  const { resources } = await admin.describeConfigs({ resources: [{ type: 2, name: 'js' }] });
  assert.equal(resources[0].configEntries.find(e => e.configName === 'retention.ms').configValue, '900000');
  await admin.createPartitions({ topicPartitions: [{ topic: 'js', count: 5 }] });
  await admin.deleteTopicRecords({ topic: 'js', partitions: [{ partition: 0, offset: '10' }] });
  assert.equal((await admin.fetchTopicOffsets('js')).find(p => p.partition === 0).low, '10');
  assert.equal((await admin.describeGroups(['js'])).groups[0].state, 'Empty');
  await admin.deleteGroups(['js']);
  await admin.deleteTopics({ topics: ['js'] });
  assert(!(await admin.listTopics()).includes('js'));
  await admin.disconnect();
}

walk().then(() => console.log('ok'), e => { console.error(e); process.exit(1); });
