/**
 * `log dump`: the commands of a log, for people, or with --json one a line for programs and for `import`:
 *
 *   {"offset":4,"history":"9f…","time_ms":1790000000000,"kind":"put","key":"a","value":"1"}
 *
 * Bytes that are not UTF-8 are base64, as in `export`. A published message has its channel as key and its data as
 * value.
 */
import type { Command as Program } from 'commander';
import type { Dumped, DumpedBlock } from '../src/tools.js';
import { parseOffset, parsePath } from './arguments.js';
import { addKeyOption } from './bucket-options.js';
import { readableStats, readingFrom, whileRunning } from './files.js';
import { complain, complainOfNoLock, EXIT, jsonBytes, Output, shownBytes, UsageError } from './output.js';

type Command = DumpedBlock['commands'][number];

interface DumpOptions {
  data?: string;
  from?: number;
  to?: number;
  backupKeyFile?: string;
  json?: boolean;
}

export function addLogCommands(program: Program): void {
  const log = program.command('log').description('read a log without a running node').helpCommand(false);
  const dumpCommand = log
    .command('dump')
    .argument('[FILE]', 'a file of lost-writes/, damaged/ or an archive', parsePath)
    .description(
      'print the commands in a file of lost-writes/, damaged/ or an archive, or in the log of a stopped node',
    )
    .option('--data <DIR>', 'the data directory of a stopped node', parsePath)
    .option('--from <OFFSET>', 'the first offset to print', parseOffset)
    .option('--to <OFFSET>', 'the last offset to print', parseOffset);
  addKeyOption(dumpCommand).action(dump);
}

async function dump(file: string | undefined, _: DumpOptions, command: Program): Promise<void> {
  const flags = command.optsWithGlobals<DumpOptions>();
  const { data, from = 1, to = Number.MAX_SAFE_INTEGER, backupKeyFile: keyFile, json = false } = flags;
  if ((file === undefined) === (data === undefined))
    throw new UsageError(
      `log dump: expected either a FILE or --data DIR, received ${file === undefined ? 'neither' : 'both'}`,
    );
  const blocks = data === undefined ? blocksOf(file as string, keyFile) : blocksIn(data);
  let damaged = 0;
  const lines = linesOf(blocks, { from, to }, (damage) => {
    damaged++;
    complain(`cannot read a block: ${damage}`);
  });
  await new Output({ json }).results(lines, fieldsOf, textOf);
  if (damaged > 0) process.exitCode = EXIT.NEGATIVE;
}

async function* blocksIn(directory: string): AsyncGenerator<Dumped> {
  const { dumpDirectory } = await import('../src/check/dump.js');
  try {
    yield* dumpDirectory(directory, { unlocked: complainOfNoLock });
  } catch (error) {
    throw whileRunning(
      error,
      'or use "headwater watch --from 0", which shows the changes in the log of a running node',
    );
  }
}

async function* blocksOf(file: string, keyFile: string | undefined): AsyncGenerator<Dumped> {
  await readableStats(file);
  const { dumpFile } = await import('../src/check/dump.js');
  yield* readingFrom(file, dumpFile(file, keyFile));
}

interface Logged {
  readonly block: DumpedBlock;
  readonly offset: number;
  readonly command: Command;
}

async function* linesOf(
  blocks: AsyncIterable<Dumped>,
  { from, to }: { from: number; to: number },
  onDamage: (damage: string) => void,
): AsyncGenerator<Logged> {
  for await (const block of blocks) {
    if ('damage' in block) {
      onDamage(block.damage);
      continue;
    }
    if (block.firstOffset > to) return;
    for (const [i, command] of block.commands.entries()) {
      const offset = block.firstOffset + i;
      if (offset >= from && offset <= to) yield { block, offset, command };
    }
  }
}

/** A command as a line of JSON, without the line's end. */
export function formatCommand(block: DumpedBlock, index: number): string {
  return JSON.stringify(
    fieldsOf({ block, offset: block.firstOffset + index, command: block.commands[index] as Command }),
  );
}

function fieldsOf({ block, offset, command }: Logged): object {
  const { replicationId: history, timeMs: time_ms } = block;
  const joined = command.joined ? { joined: true } : {};
  return { offset, history, time_ms, kind: command.kind, ...contentOf(command), ...joined };
}

function contentOf(command: Command): object {
  switch (command.kind) {
    case 'put': {
      const { key, value, expiresAtMs, type } = command;
      const expiry = expiresAtMs === 0 ? {} : { expires_at_ms: expiresAtMs };
      return { ...jsonBytes('key', key), ...jsonBytes('value', value), ...expiry, ...(type === 0 ? {} : { type }) };
    }
    case 'del':
      return jsonBytes('key', command.key);
    case 'touch':
      return { ...jsonBytes('key', command.key), expires_at_ms: command.expiresAtMs };
    case 'clear':
      return {};
    case 'message':
      return { ...jsonBytes('key', command.channel), ...jsonBytes('value', command.data) };
  }
}

/** The command for people. Longer values are shortened; --json prints them whole. */
function textOf({ block, offset, command }: Logged): Buffer {
  const when = new Date(block.timeMs).toISOString();
  const begins = offset === block.firstOffset;
  const head = begins
    ? `block ${block.firstOffset} to ${block.lastOffset}  ${when}  history ${block.replicationId}\n`
    : '';
  return Buffer.from(`${head}  ${offset}  ${command.kind.padEnd(7)} ${describe(command)}`.trimEnd());
}

function describe(command: Command): string {
  switch (command.kind) {
    case 'put':
      return `${shownBytes(command.key)} = ${shownBytes(command.value)}${command.expiresAtMs === 0 ? '' : expires(command.expiresAtMs)}`;
    case 'del':
      return shownBytes(command.key);
    case 'touch':
      return `${shownBytes(command.key)}${command.expiresAtMs === 0 ? '  no expiry' : expires(command.expiresAtMs)}`;
    case 'clear':
      return '';
    case 'message':
      return `${shownBytes(command.channel)}: ${shownBytes(command.data)}`;
  }
}

function expires(atMs: number): string {
  // A date ends at 8.64e15 ms; an expiry may be later.
  return `  expires ${atMs <= 8.64e15 ? new Date(atMs).toISOString() : `${atMs} ms`}`;
}
