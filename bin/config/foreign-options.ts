/**
 * Options that people bring along from the config files of Redis and etcd. An option that exists here has those names in
 * its row (src/options.ts); the others are in this file, with the reason why there is none.
 */
import type { Command } from 'commander';
import type { OptionRow } from '../../src/options.js';
import { NO_NUMBERS } from '../foreign-names.js';
import { exampleOf, SERVE_ROWS, wordOf } from '../serve-options.js';
import type { FileEntry } from './toml-lines.js';

const IN_LOG = 'Users are in the log, so that all nodes have them. Use the command user';
const DISK = 'Data are on disk, so memory has no bound for them and nothing is evicted';
const LOG = 'The node always writes its log, and makes checkpoints by itself';
const SYSTEM = 'The system runs the node in the background, and knows its process';
const ONE_PORT = 'A node has one port for clients and other nodes. Use listen';
const MEMBERS = 'A leader has no list of its followers. Give each follower the option follow';

/** Sentences without their full stop, by a name in lower case. */
const NOWHERE: Readonly<Record<string, string>> = {
  maxmemory: DISK,
  'maxmemory-policy': DISK,
  'maxmemory-samples': DISK,
  save: LOG,
  dbfilename: LOG,
  appendonly: LOG,
  appendfilename: LOG,
  appenddirname: LOG,
  'snapshot-count': LOG,
  'quota-backend-bytes': 'The disk bounds the data. Use min-free-space for the space that stays free',
  requirepass: IN_LOG,
  aclfile: IN_LOG,
  user: IN_LOG,
  'protected-mode':
    'A node without TLS listens on loopback only, unless insecure = true. That is what protected-mode = no means here',
  daemonize: SYSTEM,
  supervised: SYSTEM,
  pidfile: SYSTEM,
  logfile: 'Messages go to the standard error stream. Send it into a file',
  'log-outputs': 'Messages go to the standard error stream. Send it into a file',
  'syslog-enabled': 'Messages go to the standard error stream. The service manager keeps them',
  databases: NO_NUMBERS,
  'cluster-enabled': 'All nodes of a tree have all data. Use follow',
  timeout: 'A connection of a client may be idle for any time',
  'tcp-keepalive': 'The node finds dead connections by itself. Use link-timeout for links between nodes',
  'io-threads': 'The node needs no number of threads',
  unixsocket: 'A node has no socket in the file system. Use listen',
  'listen-peer-urls': ONE_PORT,
  'initial-cluster': MEMBERS,
  'initial-advertise-peer-urls': MEMBERS,
  'advertise-client-urls': 'A node announces the address in listen',
  'replica-announce-ip': 'A node announces the address in listen',
  'replica-announce-port': 'A node announces the address in listen',
  'replica-read-only': 'A follower never accepts writes of its own',
  'slave-read-only': 'A follower never accepts writes of its own',
  'rename-command': 'Commands keep their names',
  include: 'A config file includes no other file',
  loadmodule: 'A node has no modules',
};

/** Redis's line `replicaof HOST PORT` and its older name. */
const UPSTREAM_IN_REDIS = ['replicaof', 'slaveof'];

/** An entry under the name and in the form that it has here: `slaveof = "HOST PORT"` is `follow = "HOST:PORT"`. */
export function ownForm(entry: FileEntry): FileEntry {
  if (!UPSTREAM_IN_REDIS.includes(entry.name)) return entry;
  const [, host, port] = /^(\S+)\s+(\d+)$/.exec(String(entry.value)) ?? [];
  if (host === undefined) return entry;
  return { ...entry, name: 'follow', value: `${host.includes(':') ? `[${host}]` : host}:${port}` };
}

/** The sentence about a line of a config file with an option of another store. Undefined if the name is none. */
export function meaningElsewhere(given: string): string | undefined {
  const { row, reason } = foundElsewhere(given);
  if (row) return `use ${row.name}, such as ${row.name} = ${exampleOf(row)}`;
  return reason === undefined ? undefined : `${reason}; leave this line out`;
}

/** The option here for a name of another store, or the reason why there is none. Undefined for any other name. */
export function meaningOfName(given: string): string | undefined {
  const { row, reason } = foundElsewhere(given);
  return row ? `use ${row.name}` : reason;
}

/** The row of that option, or that reason. */
function foundElsewhere(given: string): { readonly row?: OptionRow | undefined; readonly reason?: string | undefined } {
  const name = given.toLowerCase().replaceAll('_', '-');
  const row = SERVE_ROWS.find(({ elsewhere }) => elsewhere?.includes(name));
  return { row, reason: Object.hasOwn(NOWHERE, name) ? NOWHERE[name] : undefined };
}

/** Adds to the refusal of a flag the option that is meant, if another store has a flag of this name. */
export function explainForeignFlags(command: Command): void {
  const { outputError } = command.configureOutput();
  command.configureOutput({
    outputError: (text, print) => outputError?.(text.replace(UNKNOWN_FLAG, withMeaning), print),
  });
}

const UNKNOWN_FLAG = /^error: unknown option '--?([\w-]+).*$/m;

function withMeaning(refusal: string, name: string): string {
  const { row, reason } = foundElsewhere(name);
  const word = row && wordOf(row);
  const meaning = row ? `Use --${row.name}${word === '' ? '' : ` ${word}`}` : reason;
  return meaning === undefined ? refusal : `${refusal}\n(${meaning})`;
}
