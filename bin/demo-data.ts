/**
 * The demo's input as JSON Lines: this machine's own package index, from apt. If that is missing or small, the input is
 * generated records that look alike.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';

export const RECORDS_MIN = 50_000;
/** The most records that are taken: a larger index would only make the demo longer. */
const RECORDS_MAX = 100_000;
const GENERATED_RECORDS = 60_000;

export interface DataSet {
  readonly records: number;
  readonly bytes: number;
  readonly source: string;
}

/** Writes `{"key": "package:NAME", "value": …}` lines to `file`. */
export async function writeDataSet(file: string): Promise<DataSet> {
  const index = await writeRecords(file, packageIndex());
  if (index.records >= RECORDS_MIN) return { ...index, source: "this machine's package index (apt-cache dumpavail)" };
  const generated = await writeRecords(file, generate());
  const why =
    index.records === 0
      ? 'there is no package index on this machine'
      : `this machine's package index has only ${index.records} records`;
  return { ...generated, source: `GENERATED records, because ${why}` };
}

type KeyAndValue = [key: string, value: string];

async function writeRecords(
  file: string,
  records: AsyncIterable<KeyAndValue> | Iterable<KeyAndValue>,
): Promise<Omit<DataSet, 'source'>> {
  const target = createWriteStream(file);
  let count = 0;
  for await (const [key, value] of records) {
    await writeLine(target, `${JSON.stringify({ key, value })}\n`);
    if (++count === RECORDS_MAX) break;
  }
  target.end();
  await finished(target);
  return { records: count, bytes: target.bytesWritten };
}

async function writeLine(target: WriteStream, line: string): Promise<void> {
  if (!target.write(line)) await once(target, 'drain');
}

/** The package index: a paragraph a package, `Package: NAME` and then its other fields. */
async function* packageIndex(): AsyncGenerator<KeyAndValue> {
  const apt = spawn('apt-cache', ['dumpavail'], { stdio: ['ignore', 'pipe', 'ignore'] });
  // Without apt on the machine the output is just empty.
  apt.on('error', () => {});
  try {
    let rest = '';
    for await (const chunk of apt.stdout.setEncoding('utf8')) {
      const paragraphs = (rest + chunk).split('\n\n');
      rest = paragraphs.pop() ?? '';
      for (const paragraph of paragraphs) {
        const name = /^Package: (.+)$/m.exec(paragraph)?.[1];
        if (name) yield [`package:${name}`, paragraph];
      }
    }
  } finally {
    apt.kill();
  }
}

/** Generates records that are about as large as real ones, and the same at every run. */
function* generate(): Generator<KeyAndValue> {
  for (let i = 0; i < GENERATED_RECORDS; i++) {
    const name = `generated-${i.toString(36).padStart(4, '0')}`;
    const depends = Array.from(
      { length: i % 17 },
      (_, n) => `generated-${((i * 7919 + n * 104_729) % GENERATED_RECORDS).toString(36)} (>= ${n}.${i % 10})`,
    );
    const text = `Package: ${name}\nVersion: ${1 + (i % 9)}.${i % 100}-${i % 5}\nSize: ${(i * 2_654_435_761) % 10_000_000}\nDepends: ${depends.join(', ')}`;
    yield [`package:${name}`, `${text}\nDescription: made up, because there is no package index\n`];
  }
}
