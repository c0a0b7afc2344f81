/**
 * SLOWLOG, LATENCY and MEMORY. A node keeps no samples of events, so the lists of LATENCY are empty. The texts for people
 * have the figures that a node does keep.
 */
import type { SlowCommand } from '../../model/slow-log.js';
import { int64 } from '../arguments/arguments.js';
import type { ReplyWriter } from '../codec/reply-writer.js';
import type { Request } from '../codec/request-parser.js';
import type { CommandFamily, CommandSession } from '../command.js';
import { infoFacts } from '../info/facts.js';
import { memoryFigures } from '../info/process.js';
import { writeArray } from '../replies/answers.js';
import { writeHelp } from '../replies/help.js';
import { Refusal } from '../replies/refusal.js';

const emptyList = { run: ({ out }: CommandSession) => out.begin('array', 0) };
const zero = { run: ({ out }: CommandSession) => out.integer(0) };
const ok = { run: ({ out }: CommandSession) => out.simple('OK') };

export const diagnosisCommands: CommandFamily = {
  'slowlog|get': { run: slowLog },
  'slowlog|len': { run: ({ node, out }) => out.integer(node.slowLog.length) },
  'slowlog|reset': {
    run: ({ node, out }) => {
      node.slowLog.reset();
      out.simple('OK');
    },
  },
  'slowlog|help': {
    run: ({ out }) =>
      writeHelp(out, 'SLOWLOG', [
        [
          'GET [<count>]',
          'Return the newest commands of the slow log (default: 10, -1 means all).',
          'Entries are made of:',
          'id, timestamp, time in microseconds, arguments array, client IP and port,',
          'client name',
        ],
        ['LEN', 'Return the length of the slow log.'],
        ['RESET', 'Empty the slow log.'],
      ]),
  },

  'latency|latest': emptyList,
  'latency|history': emptyList,
  'latency|reset': zero,
  'latency|histogram': { run: ({ out }) => out.begin('map', 0) },
  'latency|graph': {
    run: (_session, request) => {
      throw new Refusal(`ERR No samples available for event '${(request[2] as Buffer).toString('latin1', 0, 128)}'`);
    },
  },
  'latency|doctor': { run: latencyDoctor },
  'latency|help': {
    run: ({ out }) =>
      writeHelp(out, 'LATENCY', [
        ['DOCTOR', 'Return the delays of this node since it started, as a text.'],
        ['GRAPH <event>', 'Return a graph of an event. There are no events.'],
        ['HISTOGRAM [<command> ...]', 'Return the times of commands. The map is empty: commands run together.'],
        ['HISTORY <event>', 'Return the samples of an event. There are none.'],
        ['LATEST', 'Return the latest samples. There are none.'],
        ['RESET [<event> ...]', 'Return the number of events that were reset, which is 0.'],
      ]),
  },

  'memory|stats': { run: memoryStats },
  'memory|doctor': { run: memoryDoctor },
  'memory|purge': ok,
  'memory|malloc-stats': { run: ({ out }) => out.bulk('Stats not supported for the current allocator') },
  'memory|help': {
    run: ({ out }) =>
      writeHelp(out, 'MEMORY', [
        ['DOCTOR', 'Return the memory of this node, as a text.'],
        ['MALLOC-STATS', 'Return statistics of the allocator. V8 has none in this form.'],
        ['PURGE', 'Do nothing: V8 returns memory by itself.'],
        ['STATS', 'Return the memory of this node.'],
        ['USAGE <key> [SAMPLES <count>]', 'Return the bytes of a key and its value. SAMPLES has no effect.'],
      ]),
  },
};

/** Redis shows so many slow commands if the client does not say how many. */
const SLOW_COMMANDS = 10;
const MS_PER_SECOND = 1_000;

function slowLog({ node, out }: CommandSession, request: Request): void {
  if (request.length > 3)
    throw new Refusal("ERR unknown subcommand or wrong number of arguments for 'get'. Try SLOWLOG HELP.");
  const sentence = 'ERR count should be greater than or equal to -1';
  const asked = request[2] ? int64(request[2], sentence) : BigInt(SLOW_COMMANDS);
  if (asked < -1n) throw new Refusal(sentence);
  const count = asked === -1n ? 0 : Number(asked);
  const commands = asked === 0n ? [] : node.slowLog.read({ count, reset: false }).commands;
  out.begin('array', commands.length);
  for (const command of commands) writeSlow(out, command);
}

function writeSlow(out: ReplyWriter, { id, timeMs, durationUs, words, client, clientName }: SlowCommand): void {
  out.begin('array', 6);
  out.integer(id);
  out.integer(Math.floor(timeMs / MS_PER_SECOND));
  out.integer(durationUs);
  writeArray(out, words);
  out.bulk(client);
  out.bulk(clientName);
}

async function latencyDoctor({ node, out }: CommandSession): Promise<void> {
  const { eventLoopDelayP99Ms, eventLoopDelayMaxMs, writeWaitMs, writeWaitMaxMs, writeWait } =
    await node.control.status();
  out.verbatim(
    [
      'Since the node started:',
      `The delay of the event loop was at most ${eventLoopDelayP99Ms.toFixed(1)} ms in 99 of 100 samples, and ${eventLoopDelayMaxMs.toFixed(1)} ms at worst.`,
      `A block of writes waited for the disk for ${writeWaitMaxMs.toFixed(1)} ms at most. The present one has waited for ${writeWaitMs.toFixed(1)} ms.`,
      ...(writeWait === '' ? [] : [writeWait]),
      'Single commands and events are not timed.',
      '',
    ].join('\n'),
  );
}

async function memoryStats(session: CommandSession): Promise<void> {
  const { out } = session;
  const { keys } = await infoFacts(session);
  const { rss, used, active, peak } = memoryFigures();
  const whole = {
    'peak.allocated': peak,
    'total.allocated': used,
    'replication.backlog': 0,
    'clients.slaves': 0,
    'clients.normal': 0,
    'cluster.links': 0,
    'aof.buffer': 0,
    'keys.count': keys,
    'allocator.allocated': used,
    'allocator.active': active,
    'allocator.resident': rss,
    'fragmentation.bytes': rss - used,
  };
  const fractions = { 'peak.percentage': (used / peak) * 100, fragmentation: rss / used };
  out.begin('map', Object.keys(whole).length + Object.keys(fractions).length);
  writeFields(out, whole, (value) => out.integer(value));
  writeFields(out, fractions, (value) => out.double(value));
}

function writeFields(out: ReplyWriter, fields: Record<string, number>, write: (value: number) => void): void {
  for (const [name, value] of Object.entries(fields)) {
    out.bulk(name);
    write(value);
  }
}

function memoryDoctor({ out }: CommandSession): void {
  const { rss, used, peak } = memoryFigures();
  const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  out.verbatim(
    `The process occupies ${mib(rss)}, ${mib(peak)} at its peak. ${mib(used)} of it are in use.\nValues are on disk. Memory holds recent writes (--overlay-bytes) and recent reads (--read-cache). Replies that wait for their clients are in memory too.\n`,
  );
}
