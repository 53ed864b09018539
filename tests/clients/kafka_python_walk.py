"""What users of kafka-python (Debian's) do, against the log at argv[1]. Ends with "ok"."""
import sys
import time

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic
from kafka.structs import OffsetAndMetadata

address = sys.argv[1]
records = 1000


def check(condition, said):
    if not condition:
        sys.exit(f"failed: {said}")


admin = KafkaAdminClient(bootstrap_servers=address)
admin.create_topics([NewTopic("kp", 2, 1)])
before = int(time.time() * 1000)
producer = KafkaProducer(bootstrap_servers=address, acks="all", compression_type="gzip", linger_ms=20)
for i in range(records):
    producer.send("kp", key=b"k%d" % i, value=b"v%d" % i, headers=[("h", b"1")])
producer.flush()

consumer = KafkaConsumer("kp", bootstrap_servers=address, group_id="kp", auto_offset_reset="earliest", enable_auto_commit=False,
                         consumer_timeout_ms=20000)
read = []
for message in consumer:
    read.append((message.key, message.value))
    if len(read) == records:
        break
check(sorted(read) == sorted((b"k%d" % i, b"v%d" % i) for i in range(records)), f"{len(read)} records read")
first = TopicPartition("kp", 0)
text = "m" * 4096
consumer.commit({first: OffsetAndMetadata(7, text)})
check(consumer.committed(first, metadata=True) == OffsetAndMetadata(7, text), "the committed metadata")
check(consumer.beginning_offsets([first])[first] == 0, "the beginning")
check(0 < consumer.end_offsets([first])[first] < records, "the end")
check(consumer.offsets_for_times({first: before})[first].offset == 0, "the offset by time")
consumer.close()

check(("kp", "consumer") in admin.list_consumer_groups(), "the list of groups")
check(admin.describe_consumer_groups(["kp"])[0].state == "Empty", "the group without members")
check(admin.list_consumer_group_offsets("kp")[first].offset == 7, "the group's offsets")
admin.delete_topics(["kp"])
check("kp" not in admin.list_topics(), "the deleted topic")
print("ok")
