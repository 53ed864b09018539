"""Drives the store with clickhouse-connect: python-client.py HOST PORT SECRET. Exits 1 at the first surprise."""
import sys

import clickhouse_connect
from clickhouse_connect.driver.exceptions import DatabaseError

host, port, secret = sys.argv[1], int(sys.argv[2]), sys.argv[3]


def owner(**more):
    return clickhouse_connect.get_client(host=host, port=port, username="tokenstream", password=secret, database="tokenstream", **more)


reader = clickhouse_connect.get_client(host=host, port=port)
assert reader.ping()
assert reader.query("SELECT 1, 'a'").result_rows == [(1, "a")]

writer = owner()
writer.command("CREATE TABLE python (a UInt64, s String, d Decimal(38, 12)) ENGINE = MergeTree ORDER BY a")
for compression in (False, "gzip", "lz4", "zstd"):
    rows = [[number, f"{compression}\n\n{number}", "0.000000000001"] for number in range(20000)]
    written = owner(compress=compression).insert("python", rows, column_names=["a", "s", "d"]).written_rows
    assert written == 20000, (compression, written)
count, total = reader.query("SELECT count(), toString(sum(d)) FROM python").result_rows[0]
assert (count, total) == (80000, "0.00000008"), (count, total)

assert reader.query("SELECT {a:Int32}, {b:String}", parameters={"a": 5, "b": "it's\t\n"}).result_rows == [(5, "it's\t\n")]
assert len(reader.query("SELECT number, toString(number) FROM numbers(300000)").result_rows) == 300000
empty = reader.query("SELECT 1 AS x, 'a' AS y WHERE 0")
assert empty.result_rows == []

for wrong, code in (("SELECT * FROM nowhere", "60"), ("SELECT throwIf(number = 3000000), number FROM numbers(4000000)", "395"), ("DROP TABLE python", "497")):
    try:
        reader.query(wrong) if wrong.startswith("SELECT") else reader.command(wrong)
    except DatabaseError as error:
        assert f"ode: {code}" in str(error), (wrong, str(error))
    else:
        raise AssertionError(f"{wrong} was answered")
print("done")
