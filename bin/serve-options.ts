/**
 * The options of `headwater serve`, each settable in three places: a flag, an environment variable HEADWATER_…, a JSON
 * file of the flags' names. The first of these places that has an option wins; an option that none has keeps its
 * default in src/config.ts. The parser of the flag reads all three, so they accept the same.
 */
import path from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { HeadwaterError } from '../src/base/errors.js';
import { checkConfig, DEFAULTS, FSYNC_POLICIES } from '../src/config.js';
import type { NodeOptions } from '../src/index.js';
import {
  formatDuration,
  formatSize,
  inLine,
  parseAddress,
  parseChoice,
  parseCount,
  parseDuration,
  parsePath,
  parseSize,
} from './arguments.js';
import { readConfigFile } from './config-file.js';
import { UsageError } from './output.js';

export interface ServeOptions {
  config?: string;
  data: string;
  listen?: string;
  follow?: string;
  acceptDataLoss?: boolean;
  fsync?: string;
  maxKeyBytes?: number;
  maxValueBytes?: number;
  maxTransactionBytes?: number;
  overlayBytes?: number;
  replayBytes?: number;
  logRetentionBytes?: number;
  logRetentionTime?: number;
  logRetentionPinBytes?: number;
  minFreeSpace?: number;
  archive?: string;
  archiveInterval?: number;
  linkTimeout?: number;
  heartbeatInterval?: number;
  minFollowers?: number;
  maxLag?: number;
  askFollowersTimeout?: number;
  shutdownTimeout?: number;
  serveStaleReads?: boolean;
  autoRepair?: boolean;
  trustClock?: boolean;
  reflection?: boolean;
  logLevel: string;
}

const DEFAULT_DATA = 'headwater-data';
const LOG_LEVELS = ['debug', 'info', 'warn', 'error'];

/**
 * Adds the options. The descriptions name the defaults of the configuration, but commander has no defaults: an option
 * that nobody gave stays undefined until checkConfig.
 */
export function addServeOptions(command: Command): void {
  command.addOption(
    new Option(
      '--config <FILE>',
      'a JSON file of these options: { "data": "/var/lib/headwater", "fsync": "always", … }',
    ).argParser(parsePath),
  );
  for (const option of [...placeOptions(), ...limitOptions(), ...behaviourOptions()]) command.addOption(option);
}

function placeOptions(): Option[] {
  return [
    new Option('--data <DIR>', 'the data directory; made where it is missing')
      .argParser(parsePath)
      .default(DEFAULT_DATA, DEFAULT_DATA),
    new Option('--listen <HOST:PORT>', `where to listen; port 0 takes a free one (default: ${DEFAULTS.listen})`),
    new Option(
      '--follow <HOST:PORT>',
      'follow this node, unless this one was promoted since (default: the role the node was left in; a leader at first)',
    ).argParser(parseAddress),
    new Option('--archive <DIR>', 'write the log into this directory as well, for restore --archive').argParser(
      parsePath,
    ),
    new Option(
      '--archive-interval <TIME>',
      `how long the archive may be behind (default: ${formatDuration(DEFAULTS.archiveIntervalMs)})`,
    ).argParser(parseDuration),
    new Option(
      '--accept-data-loss',
      "with --follow: follow even if this node was promoted, and drop its own data if the upstream's history has no place for them",
    ),
  ];
}

function limitOptions(): Option[] {
  const size = (flags: string, description: string, preset: number) =>
    new Option(`${flags} <SIZE>`, `${description} (default: ${formatSize(preset)})`).argParser(parseSize);
  return [
    size('--max-key-bytes', 'refuse larger keys', DEFAULTS.keyBytesMax),
    size('--max-value-bytes', 'refuse larger values', DEFAULTS.valueBytesMax),
    size('--max-transaction-bytes', 'refuse larger transactions', DEFAULTS.transactionBytesMax),
    size('--overlay-bytes', 'memory for writes that are not in the keyspace on disk yet', DEFAULTS.overlayBytesMax),
    size('--replay-bytes', 'log that a restart may have to replay', DEFAULTS.replayBytesMax),
    size('--log-retention-bytes', 'log that is kept for followers to come back to', DEFAULTS.logRetentionBytes),
    new Option(
      '--log-retention-time <TIME>',
      'log that is older goes too, as far as no follower needs it (default: off)',
    ).argParser(parseDuration),
    size(
      '--log-retention-pin-bytes',
      'log that is kept at most for a follower that is slow, or away',
      DEFAULTS.logRetentionPinBytes,
    ),
    size(
      '--min-free-space',
      'take no writes while less than this is free on the disk of --data; no less than what --overlay-bytes needs to be written out',
      DEFAULTS.minFreeBytes,
    ),
  ];
}

function behaviourOptions(): Option[] {
  return [
    new Option(
      '--fsync <POLICY>',
      `when a write is on disk for good: always (before its answer), everysec or never (default: ${DEFAULTS.fsync})`,
    ).argParser(parseChoice(FSYNC_POLICIES)),
    new Option(
      '--link-timeout <TIME>',
      `silence after which a replication link is dead (default: ${formatDuration(DEFAULTS.linkTimeoutMs)})`,
    ).argParser(parseDuration),
    new Option(
      '--heartbeat-interval <TIME>',
      `how often a replication link says that it lives; at most a third of --link-timeout (default: ${formatDuration(DEFAULTS.heartbeatIntervalMs)})`,
    ).argParser(parseDuration),
    new Option(
      '--min-followers <N>',
      `as a leader, take writes only while so many followers are within --max-lag (default: ${DEFAULTS.minFollowers})`,
    ).argParser(parseCount),
    new Option(
      '--max-lag <TIME>',
      `how far behind or silent a follower may be to count for --min-followers (default: ${formatDuration(DEFAULTS.maxLagMs)})`,
    ).argParser(parseDuration),
    new Option(
      '--ask-followers-timeout <TIME>',
      `how long a leader that may have lost the end of its log waits for an answer of its followers, and for the next bytes of their blocks (default: ${formatDuration(DEFAULTS.askFollowersMs)})`,
    ).argParser(parseDuration),
    new Option(
      '--shutdown-timeout <TIME>',
      `how long a stop may take: a leader's followers get what it has, calls in hand end, a checkpoint is made (default: ${formatDuration(DEFAULTS.shutdownTimeoutMs)})`,
    ).argParser(parseDuration),
    new Option(
      '--serve-stale-reads',
      'on a follower: answer reads also while it is not level with the node it follows (default)',
    ),
    new Option('--no-serve-stale-reads', 'do not: refuse them until it is'),
    new Option(
      '--auto-repair',
      'on a follower: get anew from the node it follows what the disk has changed, all data where they cannot be opened',
    ),
    new Option(
      '--trust-clock',
      "believe this machine's clock even if the log's time disagrees: a leader sets the log's time back, and keys keep their remaining time to live",
    ),
    new Option(
      '--reflection',
      'tell gRPC tools which services there are (default: only if no other machine reaches --listen)',
    ),
    new Option('--no-reflection', 'do not'),
    new Option('--log-level <LEVEL>', 'how much to log: debug, info, warn or error')
      .argParser(parseChoice(LOG_LEVELS))
      .default('info', 'info'),
  ];
}

/** The options in force, those of the environment and the file included. */
export function serveOptions(command: Command): ServeOptions {
  const settable = command.options.filter((option) => !option.negate && !['config', 'help'].includes(option.name()));
  for (const option of [...settable, ...command.options.filter((one) => one.name() === 'config')]) {
    const variable = variableOf(option);
    const text = process.env[variable];
    if (text !== undefined && text !== '') offer(command, option, text, `environment variable ${variable}`, 'env');
  }
  const { config } = command.opts<ServeOptions>();
  if (config !== undefined) offerFile(command, settable, config);
  return command.opts<ServeOptions>();
}

/** @throws UsageError if the options contradict each other, or exceed a bound. */
export function nodeOptions(options: ServeOptions): NodeOptions {
  const given = {
    data: path.resolve(options.data),
    listen: options.listen,
    follow: options.follow,
    acceptDataLoss: options.acceptDataLoss,
    fsync: options.fsync,
    keyBytesMax: options.maxKeyBytes,
    valueBytesMax: options.maxValueBytes,
    transactionBytesMax: options.maxTransactionBytes,
    overlayBytesMax: options.overlayBytes,
    replayBytesMax: options.replayBytes,
    logRetentionBytes: options.logRetentionBytes,
    logRetentionMs: options.logRetentionTime,
    logRetentionPinBytes: options.logRetentionPinBytes,
    minFreeBytes: options.minFreeSpace,
    archive: options.archive && path.resolve(options.archive),
    archiveIntervalMs: options.archiveInterval,
    linkTimeoutMs: options.linkTimeout,
    heartbeatIntervalMs: options.heartbeatInterval,
    minFollowers: options.minFollowers,
    maxLagMs: options.maxLag,
    askFollowersMs: options.askFollowersTimeout,
    shutdownTimeoutMs: options.shutdownTimeout,
    serveStaleReads: options.serveStaleReads,
    autoRepair: options.autoRepair,
    trustClock: options.trustClock,
    reflection: options.reflection,
  };
  try {
    checkConfig(given);
  } catch (error) {
    throw HeadwaterError.is(error) ? new UsageError(error.message) : error;
  }
  return given;
}

function variableOf(option: Option): string {
  return `HEADWATER_${option.name().replaceAll('-', '_').toUpperCase()}`;
}

function offerFile(command: Command, settable: readonly Option[], file: string): void {
  const entries = Object.entries(readConfigFile(file));
  for (const [name, value] of entries) {
    const option = settable.find((candidate) => candidate.name() === name);
    if (!option) throw new UsageError(`config file ${file}: ${unknownOption(name, settable)}`);
    offer(command, option, value, `config file ${file}: ${name}`, 'config');
  }
}

/** Sets `option` to `value`, unless a place of higher precedence has set it. */
function offer(command: Command, option: Option, value: unknown, where: string, source: 'env' | 'config'): void {
  const attribute = option.attributeName();
  const parsed = option.isBoolean() ? parseSwitch(value, where) : parseWith(option, value, where);
  const taken = command.getOptionValueSource(attribute);
  if (taken === undefined || taken === 'default') command.setOptionValueWithSource(attribute, parsed, source);
}

function parseSwitch(value: unknown, where: string): boolean {
  if (value === true || value === 'true' || value === '1') return true;
  if (value === false || value === 'false' || value === '0') return false;
  throw new UsageError(`${where}: expected true or false, received ${JSON.stringify(value)}`);
}

function parseWith(option: Option, value: unknown, where: string): unknown {
  if (typeof value !== 'string' && typeof value !== 'number') {
    throw new UsageError(`${where}: expected text or a number, received ${JSON.stringify(value)}`);
  }
  const text = String(value);
  // Half a surrogate pair has no UTF-8, so a path with one would name another file.
  if (Buffer.from(text).toString() !== text)
    throw new UsageError(`${where}: expected text, received half a surrogate pair in ${JSON.stringify(text)}`);
  if (!option.parseArg) return text;
  try {
    return option.parseArg(text, undefined);
  } catch (error) {
    if (error instanceof InvalidArgumentError) throw new UsageError(`${where}: ${inLine(error)}`);
    throw error;
  }
}

function unknownOption(name: string, settable: readonly Option[]): string {
  const names = settable.map((option) => option.name());
  const [nearest] = names
    .map((known) => ({ known, distance: editDistance(name, known) }))
    .sort((a, b) => a.distance - b.distance);
  const close = nearest && nearest.distance <= Math.max(2, name.length / 3);
  return `unknown option ${JSON.stringify(name)}; ${close ? `did you mean ${JSON.stringify(nearest.known)}?` : `expected one of ${names.join(', ')}`}`;
}

/** The Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, swap));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
