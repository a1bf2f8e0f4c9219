"""Reads a prepared folder with pyarrow and DuckDB and prints what it holds as one JSON object."""
import glob
import json
import sys

import duckdb
import pyarrow as pa
import pyarrow.ipc

tables = []
for path in sorted(glob.glob(sys.argv[1] + "/shard-*.arrow")):
    with pa.memory_map(path) as source:
        reader = pa.ipc.open_file(source)
        for i in range(reader.num_record_batches):
            reader.get_batch(i).validate(full=True)
        tables.append(reader.read_all())
rows = pa.concat_tables(tables)
connection = duckdb.connect()
connection.register("rows", rows)
count, tokens, distinct, weighted = connection.execute(
    "select count(*), sum(length), count(distinct row_id), sum(row_id * list_sum(input_ids) + label) from rows"
).fetchone()
agree = connection.execute("select count(*) from rows where len(input_ids) = length and len(token_type_ids) = length").fetchone()[0]
print(json.dumps({
    "schema": [f"{f.name}: {f.type}{'' if f.nullable else ' not null'}" for f in rows.schema],
    "rows": count, "tokens": int(tokens), "distinct": distinct, "weighted": str(weighted), "agree": agree,
}))
