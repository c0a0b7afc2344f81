/** The rows of a snapshot, as an upstream sends them in a full resync. */

interface Chunks {
  chunks(): AsyncIterable<ReadonlyArray<readonly [name: Buffer, record: Buffer]>>;
}

export async function rowsOf(snapshot: Chunks): Promise<{ keys: Buffer[]; records: Buffer[] }> {
  const keys: Buffer[] = [];
  const records: Buffer[] = [];
  for await (const chunk of snapshot.chunks()) {
    for (const [name, record] of chunk) {
      keys.push(name);
      records.push(record);
    }
  }
  return { keys, records };
}
