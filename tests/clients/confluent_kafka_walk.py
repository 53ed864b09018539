"""What users of confluent-kafka (Debian's, on librdkafka 2.0) do, against the log at argv[1]. Ends with "ok"."""
import sys
import time

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic

address = sys.argv[1]
records = 3000
deadline = time.monotonic() + 150


def check(condition, said):
    if not condition or time.monotonic() > deadline:
        sys.exit(f"failed: {said}")


admin = AdminClient({"bootstrap.servers": address})
admin.create_topics([NewTopic("ck", 3, 1, config={"retention.ms": "1000000"})])["ck"].result()
try:
    admin.create_topics([NewTopic("ck", 3, 1)])["ck"].result()
    check(False, "a topic that exists was made again")
except KafkaException as e:
    check(e.args[0].name() == "TOPIC_ALREADY_EXISTS", e)
resource = ConfigResource("topic", "ck")
check(admin.describe_configs([resource])[resource].result()["retention.ms"].value == "1000000", "the topic's setting")

failures = []
for codec in ("none", "gzip", "snappy", "lz4", "zstd"):
    producer = Producer({"bootstrap.servers": address, "enable.idempotence": True, "compression.type": codec, "linger.ms": 20})
    for i in range(records // 5):
        producer.produce("ck", key=f"{codec}-{i}", value=f"value {i}" * 5, on_delivery=lambda e, m: failures.append(e) if e else None)
    producer.flush()
check(not failures, failures[:1])


def consumer(group, strategy):
    return Consumer({"bootstrap.servers": address, "group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False,
                     "partition.assignment.strategy": strategy, "session.timeout.ms": 6000})


for strategy in ("range", "cooperative-sticky"):
    members = [consumer("ck-" + strategy, strategy) for _ in range(2)]
    seen = set()
    for member in members:
        member.subscribe(["ck"])
    while len(seen) < records or sorted(len(m.assignment()) for m in members) != [1, 2]:
        for member in members:
            seen.update((m.partition(), m.offset()) for m in member.consume(1000, 0.05) if not m.error())
        check(True, f"{strategy}: {len(seen)} of {records} seen")
    for member in members:
        member.commit(offsets=member.position(member.assignment()), asynchronous=False)
    committed = members[0].committed([TopicPartition("ck", p) for p in range(3)])
    check(sum(c.offset for c in committed) == records, f"{strategy} committed {committed}")
    members[0].close()
    while len(members[1].assignment()) < 3:
        members[1].poll(0.05)
        check(True, f"{strategy}: the partitions were not taken over")
    members[1].close()

check({g.id for g in admin.list_groups()} >= {"ck-range", "ck-cooperative-sticky"}, "the list of groups")
admin.delete_topics(["ck"])["ck"].result()
check("ck" not in admin.list_topics().topics, "the deleted topic")
print("ok")
