/** MODULE, FUNCTION, SCRIPT and CLUSTER: features that a node does not have, with the replies of a server without them. */
import { textOf, wordOf } from '../arguments/arguments.js';
import type { Request } from '../codec/request-parser.js';
import type { CommandFamily, CommandSession, SessionCommand } from '../command.js';
import { linesOf } from '../info/sections.js';
import { refusing } from '../replies/answers.js';
import { writeHelp } from '../replies/help.js';
import { Refusal } from '../replies/refusal.js';
import { REFUSED_OF_CLUSTER } from '../table/notes/server.js';

const NO_MODULES = 'ERR Headwater loads no modules';
const NO_SCRIPTS = 'ERR Headwater runs no scripts. Use WATCH, MULTI and EXEC instead';
const NO_CLUSTER = 'ERR This instance has cluster support disabled';
const NOTHING_RUNS = 'NOTBUSY No scripts in execution right now.';

export const featureCommands: CommandFamily = {
  'module|list': { run: ({ out }) => out.begin('array', 0) },
  'module|load': refusing(NO_MODULES),
  'module|loadex': refusing(NO_MODULES),
  'module|unload': refusing(NO_MODULES),
  'module|help': { run: ({ out }) => writeHelp(out, 'MODULE', [['LIST', 'List the modules. There are none.']]) },

  'function|list': { run: functionList },
  'function|stats': { run: functionStats },
  'function|flush': { run: flush('ERR FUNCTION FLUSH only supports SYNC|ASYNC option') },
  'function|kill': refusing(NOTHING_RUNS),
  'function|delete': refusing('ERR Library not found'),
  'function|load': refusing(NO_SCRIPTS),
  'function|dump': refusing(NO_SCRIPTS),
  'function|restore': refusing(NO_SCRIPTS),
  'function|help': {
    run: ({ out }) =>
      writeHelp(out, 'FUNCTION', [
        ['FLUSH [ASYNC|SYNC]', 'Delete the libraries. There are none.'],
        ['LIST [LIBRARYNAME <pattern>] [WITHCODE]', 'List the libraries. There are none.'],
        ['STATS', 'Return the function that runs, and the engines. There are none.'],
      ]),
  },

  'script|exists': {
    run: ({ out }, request) => {
      out.begin('array', request.length - 2);
      for (let at = 2; at < request.length; at++) out.integer(0);
    },
  },
  'script|flush': { run: flush('ERR SCRIPT FLUSH only support SYNC|ASYNC option') },
  'script|kill': refusing(NOTHING_RUNS),
  'script|load': refusing(NO_SCRIPTS),
  'script|debug': refusing(NO_SCRIPTS),
  'script|help': {
    run: ({ out }) =>
      writeHelp(out, 'SCRIPT', [
        ['EXISTS <sha1> [<sha1> ...]', 'Tell which scripts exist. None does.'],
        ['FLUSH [ASYNC|SYNC]', 'Forget the scripts. There are none.'],
      ]),
  },

  'cluster|info': { run: clusterInfo },
  ...Object.fromEntries(
    REFUSED_OF_CLUSTER.map(([name]) => `cluster|${name}`)
      .sort()
      .map((name) => [name, refusing(NO_CLUSTER)]),
  ),
  'cluster|help': {
    run: ({ out }) => writeHelp(out, 'CLUSTER', [['INFO', 'Tell that the node is in no cluster of Redis.']]),
  },
  readonly: refusing(NO_CLUSTER),
  readwrite: refusing(NO_CLUSTER),
  asking: refusing(NO_CLUSTER),
};

function functionList({ out }: CommandSession, request: Request): void {
  let hasCode = false;
  let hasName = false;
  for (let at = 2; at < request.length; at++) {
    const word = wordOf(request[at]);
    if (word === 'withcode' && !hasCode) hasCode = true;
    else if (word === 'libraryname' && !hasName) {
      hasName = true;
      if (request[++at] === undefined) throw new Refusal('ERR library name argument was not given');
    } else throw new Refusal(`ERR Unknown argument ${textOf(request[at] as Buffer)}`);
  }
  out.begin('array', 0);
}

function functionStats({ out }: CommandSession): void {
  out.begin('map', 2);
  out.bulk('running_script');
  out.null();
  out.bulk('engines');
  out.begin('map', 0);
}

function flush(sentence: string): SessionCommand['run'] {
  return ({ out }, request) => {
    const isMode = request.length === 3 && ['sync', 'async'].includes(wordOf(request[2]));
    if (request.length > 2 && !isMode) throw new Refusal(sentence);
    out.simple('OK');
  };
}

function clusterInfo({ out }: CommandSession): void {
  const facts = {
    cluster_enabled: 0,
    cluster_state: 'ok',
    cluster_slots_assigned: 0,
    cluster_slots_ok: 0,
    cluster_slots_pfail: 0,
    cluster_slots_fail: 0,
    cluster_known_nodes: 1,
    cluster_size: 0,
    cluster_current_epoch: 0,
    cluster_my_epoch: 0,
    cluster_stats_messages_sent: 0,
    cluster_stats_messages_received: 0,
  };
  out.verbatim(linesOf(facts));
}
