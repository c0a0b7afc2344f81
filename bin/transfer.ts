/**
 * `import` and `export`: whole keyspaces as JSON Lines (json-lines.ts), through files or pipes. Memory is bounded in
 * both directions. The import reads on only while few writes are pending, the export only as fast as its reader reads.
 */
import type { Command } from 'commander';
import type { Client } from '../src/client/index.js';
import { wideEncoding } from '../src/log/wide-text.js';
import { parsePath } from './arguments.js';
import { onNode, type Session } from './connection.js';
import { plural } from './figures.js';
import { contentOf, firstBytes, readableStats, readingFrom, type Sink, writeWhole } from './files.js';
import { unlessInterrupted } from './interrupted.js';
import { formatLine, type Line, type Lines, parseLine, splitLines } from './json-lines.js';
import { formatCommand } from './log-commands.js';
import { complain, EXIT, type ExitStatus, FileError, UsageError, write } from './output.js';
import { Progress } from './progress.js';

/**
 * Pending writes: enough to fill the node's blocks, and few enough to be gone when the young generation is collected.
 * With 5,000 records of 850 B pending, the records outlive that collection and are copied each time. The process then
 * peaks at twice the memory (measured: 410 MB instead of 205 MB, no faster).
 */
const IN_FLIGHT_MAX = 2_000;
/** The same in bytes, for large values. */
const IN_FLIGHT_BYTES_MAX = 16 * 1024 * 1024;

const READ_BYTES = 256 * 1024;
const WRITE_BYTES = 256 * 1024;

const AFTER_HELP = `
Each line is one record: {"key": "a", "value": "1"}. A value that is not UTF-8 is
written as base64, with "encoding": "base64" (for a key: "key_encoding"). Give
an expiry as "expires_at_ms", or as a time from now: "ttl": "10s" or "ttl_ms".

"import" also replays the writes in a file of lost-writes/ and in the output of
"log dump --json". So the lost writes of a former leader can be restored. Published
messages are skipped, and transactions are not kept together.`;

export function addTransferCommands(program: Command): void {
  program.commandsGroup('Transfer:');
  program
    .command('import')
    .argument('<FILE>', 'a file of JSON Lines, or of lost-writes/; - for JSON Lines on stdin', parsePath)
    .summary('write the records of a file')
    .description(
      'write the records of a file. A bad line ends the import (exit status 2); the records before it stay written',
    )
    .option('--with-flushall', 'also replay commands that deleted all keys')
    .addHelpText('after', AFTER_HELP)
    .action(onNode(importRecords));
  program
    .command('export')
    .argument('<FILE>', 'the file to write; - for stdout', parsePath)
    .summary('write a snapshot of all records to a file')
    .description(
      'write a snapshot of all records to a file. The snapshot replaces a file that exists, once it is whole',
    )
    .addHelpText('after', AFTER_HELP)
    .action(onNode(exportRecords));
}

// ---- import -------------------------------------------------------------------

async function importRecords(
  { client, output }: Session,
  file: string,
  { withFlushall = false }: { withFlushall?: boolean },
): Promise<ExitStatus> {
  const stats = file === '-' ? undefined : await readableStats(file);
  const isBlocks = stats?.isFile() === true && (await beginsWithBlock(file));
  const startedMs = performance.now();
  const progress = new Progress('imported', { bytes: stats?.isFile() ? stats.size : undefined });
  const load = new Load(client, progress, { withFlushall, unit: isBlocks ? 'command' : 'line' });
  try {
    await load.run(isBlocks ? linesOfBlocks(file) : splitLines(contentOf(file, READ_BYTES)));
  } finally {
    progress.stop();
  }
  const seconds = (performance.now() - startedMs) / 1_000;
  const fields = { imported: load.imported, seconds: Math.round(seconds * 1_000) / 1_000 };
  if (load.messages > 0)
    complain(`${plural(load.messages, 'published message was', 'published messages were')} skipped`);
  await output.result(fields, `imported ${plural(load.imported, 'record')} in ${seconds.toFixed(1)} s`);
  return EXIT.DONE;
}

/**
 * The largest first byte of a file of blocks: a block's length is at most 64 MiB, and no text begins with such a byte.
 */
const FIRST_BYTE_MAX = 4;

async function beginsWithBlock(file: string): Promise<boolean> {
  const begin = await firstBytes(file, 16);
  const [first] = begin;
  return first !== undefined && first <= FIRST_BYTE_MAX && wideEncoding(begin) === undefined;
}

/** The commands of a file of blocks, as `log dump --json` prints them. */
async function* linesOfBlocks(file: string): AsyncGenerator<Lines> {
  const { dumpFile } = await import('../src/check/dump.js');
  let bytesRead = 0;
  for await (const block of readingFrom(file, dumpFile(file))) {
    if ('damage' in block) throw new UsageError(`${file}: cannot read a block: ${block.damage}`);
    const texts = block.commands.map((_, index) => formatCommand(block, index));
    bytesRead += texts.reduce((sum, text) => sum + text.length, 0);
    yield { texts, bytesRead };
  }
}

interface LoadOptions {
  /** Whether a `clear`, which emptied the keyspace, is replayed. */
  readonly withFlushall: boolean;
  /** The unit that messages count from 1. */
  readonly unit: 'line' | 'command';
}

/** A running import. */
class Load {
  /** Records that the node has acknowledged. */
  imported = 0;
  /** Published messages, which are not records. */
  messages = 0;
  readonly #client: Client;
  readonly #options: LoadOptions;
  readonly #progress: Progress;
  #lineNumber = 0;
  #inFlight = 0;
  #inFlightBytes = 0;
  #bytesRead = 0;
  #failure: { lineNumber: number; error: Error } | undefined;
  #moved: (() => void) | undefined;

  constructor(client: Client, progress: Progress, options: LoadOptions) {
    this.#client = client;
    this.#options = options;
    this.#progress = progress;
  }

  /** @throws the error that stopped the import, with the line and the number of records written. */
  async run(lines: AsyncIterable<Lines>): Promise<void> {
    try {
      await this.#takeAll(lines);
    } catch (error) {
      this.#failed(this.#lineNumber + 1, error as Error);
    }
    await this.#until(() => this.#inFlight === 0);
    if (this.#failure) throw this.#explain(this.#failure);
  }

  async #takeAll(lines: AsyncIterable<Lines>): Promise<void> {
    for await (const { texts, bytesRead } of lines) {
      for (const text of texts) {
        this.#take(text);
        if (this.#full) await this.#until(() => !this.#full);
        if (this.#failure) return;
      }
      this.#bytesRead = bytesRead;
    }
  }

  #take(text: string | undefined): void {
    const lineNumber = ++this.#lineNumber;
    try {
      const line = parseLine(text);
      if (line) this.#write(line, lineNumber);
    } catch (error) {
      this.#failed(lineNumber, error as Error);
    }
  }

  #write(line: Line, lineNumber: number): void {
    if (line.kind === 'message') {
      this.messages++;
      return;
    }
    if (line.kind === 'clear' && !this.#options.withFlushall)
      throw new UsageError('this command deleted all keys. Use --with-flushall to replay it');
    const { key, value } = line;
    const bytes = key.length + value.length;
    this.#inFlight++;
    this.#inFlightBytes += bytes;
    const settle = () => {
      this.#inFlight--;
      this.#inFlightBytes -= bytes;
      this.#moved?.();
    };
    this.#send(line).then(
      () => {
        this.imported++;
        this.#progress.update(this.imported, this.#bytesRead);
        settle();
      },
      (error: Error) => {
        this.#failed(lineNumber, error);
        settle();
      },
    );
  }

  /** Sends one write. All writes travel on one stream, so the writes of a key happen in the order of the lines. */
  #send({ kind, key, value, ttlMs, expiresAtMs }: Line): Promise<unknown> {
    if (kind === 'del') return this.#client.del(key);
    if (kind === 'touch')
      return expiresAtMs === undefined ? this.#client.persist(key) : this.#client.expire(key, { expiresAtMs });
    if (kind === 'clear') return this.#client.flushAll();
    // Without options the write is a plain SET, which takes the fast path.
    const options = ttlMs === undefined && expiresAtMs === undefined ? undefined : { ttlMs, expiresAtMs };
    return this.#client.set(key, value, options);
  }

  get #full(): boolean {
    return this.#inFlight >= IN_FLIGHT_MAX || this.#inFlightBytes >= IN_FLIGHT_BYTES_MAX;
  }

  #until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#moved = () => {
        if (!condition()) return;
        this.#moved = undefined;
        resolve();
      };
      this.#moved();
    });
  }

  /** Notes a failure: the first failed line in the file counts, not the first failure to arrive. */
  #failed(lineNumber: number, error: Error): void {
    if (this.#failure && this.#failure.lineNumber < lineNumber) return;
    this.#failure = { lineNumber, error };
  }

  #explain({ lineNumber, error }: { lineNumber: number; error: Error }): Error {
    const imported = plural(this.imported, 'record was', 'records were');
    const isWrongUse = error instanceof UsageError || (error instanceof FileError && error.status === EXIT.USAGE);
    const again = isWrongUse ? '' : '. You can import the file again';
    error.message = `${this.#options.unit} ${lineNumber}: ${error.message}; the import stopped, ${imported} imported${again}`;
    return error;
  }
}

// ---- export -------------------------------------------------------------------

async function exportRecords({ client, output }: Session, file: string): Promise<ExitStatus> {
  if (file === '-') {
    await writeRecords(client, { write }, new Progress('exported', { quiet: true }));
    return EXIT.DONE;
  }
  const startedMs = performance.now();
  const progress = new Progress('exported', { records: await client.dbsize() });
  const options = { overwrite: true, content: 'records', mode: 0o666 };
  const records = await unlessInterrupted(`interrupted: nothing was written to ${file}`, (signal) =>
    writeWhole(file, options, (sink) => writeRecords(client, sink, progress, signal)),
  );
  const seconds = (performance.now() - startedMs) / 1_000;
  await output.result(
    { exported: records, seconds: Math.round(seconds * 1_000) / 1_000 },
    `exported ${plural(records, 'record')} in ${seconds.toFixed(1)} s`,
  );
  return EXIT.DONE;
}

/** @returns the number of records. */
async function writeRecords(client: Client, sink: Sink, progress: Progress, signal?: AbortSignal): Promise<number> {
  let records = 0;
  let text = '';
  try {
    for await (const { key, value, expiresAtMs } of client.buffers.scan({ signal })) {
      text += formatLine(key, value, expiresAtMs);
      progress.update(++records);
      if (text.length < WRITE_BYTES) continue;
      await sink.write(text);
      text = '';
    }
    await sink.write(text);
  } finally {
    progress.stop();
  }
  return records;
}
