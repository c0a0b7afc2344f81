/** CONFIG: Redis's parameters, shown and set. TIME: the clock of the machine. */
import { HeadwaterError } from '../../base/errors.js';
import { compileGlob } from '../../commands/glob.js';
import { textOf } from '../arguments/arguments.js';
import type { Request } from '../codec/request-parser.js';
import type { CommandFamily, CommandSession } from '../command.js';
import type { ShownNode } from '../config/parameters.js';
import { writeArray } from '../replies/answers.js';
import { type HelpEntry, writeHelp } from '../replies/help.js';
import { Refusal, SYNTAX_ERROR } from '../replies/refusal.js';

const HAS_WILDCARDS = /[*?[]/;
const MS_PER_SECOND = 1_000;
const MICROSECONDS_PER_MS = 1_000;

export const configCommands: CommandFamily = {
  'config|get': { run: get },

  'config|set': { run: set },

  'config|resetstat': {
    run: async ({ out, node }) => {
      const { expiredKeys } = await node.control.status();
      node.counts.reset(expiredKeys);
      out.simple('OK');
    },
  },

  // The node keeps its role itself. Options that nobody has set are where they were given.
  'config|rewrite': {
    run: ({ out, node }) => {
      try {
        node.control.options.keep();
      } catch (error) {
        if (!HeadwaterError.is(error, 'invalid_argument') && !HeadwaterError.is(error, 'io_error')) throw error;
        throw new Refusal(`ERR Rewriting config file: ${error.message}`);
      }
      out.simple('OK');
    },
  },

  'config|help': { run: ({ out }) => writeHelp(out, 'CONFIG', HELP) },

  time: {
    run: ({ out, node }) => {
      const nowMs = node.clock.wallMs();
      const seconds = Math.floor(nowMs / MS_PER_SECOND);
      const microseconds = Math.floor((nowMs - seconds * MS_PER_SECOND) * MICROSECONDS_PER_MS);
      writeArray(out, [String(seconds), String(microseconds)]);
    },
  },
};

const HELP: readonly HelpEntry[] = [
  ['GET <pattern> [<pattern> ...]', "Returns the parameters of Redis that match, with this node's values."],
  [
    'SET <name> <value> [<name> <value> ...]',
    'Sets all of these parameters or none.',
    'A parameter that is an option of the node changes it, if the option changes at run time.',
    'Any other parameter with a meaning here takes only the value that it has.',
    'A parameter that tunes the inside of Redis takes any valid value until the node stops.',
  ],
  ['RESETSTAT', 'Begins the counts of INFO again.'],
  ['REWRITE', 'Writes the options that were set into the config file of the node. The node keeps its role itself.'],
];

async function factsOf({ node }: CommandSession): Promise<ShownNode> {
  return { node, status: await node.control.status() };
}

async function get(session: CommandSession, request: Request): Promise<void> {
  const { settings } = session.door;
  const facts = await factsOf(session);
  const found = new Map<string, string>();
  for (const pattern of request.slice(2).map(textOf)) {
    // Redis shows a name without wildcards as it was asked for.
    for (const name of HAS_WILDCARDS.test(pattern) ? matching(settings.names, pattern) : [pattern]) {
      const value = settings.get(name, facts);
      if (value !== undefined) found.set(name, value);
    }
  }
  session.out.begin('map', found.size);
  for (const [name, value] of found) {
    session.out.bulk(name);
    session.out.bulk(value);
  }
}

function matching(names: readonly string[], pattern: string): string[] {
  const glob = compileGlob(Buffer.from(pattern.toLowerCase(), 'latin1'));
  return names.filter((name) => glob.matches(Buffer.from(name)));
}

async function set(session: CommandSession, request: Request): Promise<void> {
  const words = request.slice(2).map(textOf);
  if (words.length % 2 === 1) throw new Refusal(SYNTAX_ERROR);
  const given = words.flatMap((name, at) => (at % 2 === 0 ? [[name, words[at + 1] as string] as const] : []));
  session.door.settings.set(given, await factsOf(session), `the Redis client ${session.peer}`);
  session.out.simple('OK');
}
