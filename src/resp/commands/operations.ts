/** Commands of an operator: checkpoints, the end of the process, and faults for tests. */
import { setTimeout as pause } from 'node:timers/promises';
import { wordOf } from '../arguments/arguments.js';
import type { Request } from '../codec/request-parser.js';
import type { CommandFamily, CommandSession } from '../command.js';
import { writeHelp } from '../replies/help.js';
import { NOT_A_FLOAT, Refusal, SYNTAX_ERROR } from '../replies/refusal.js';

export const operationCommands: CommandFamily = {
  lastsave: {
    run: ({ node, out }) => {
      const ms = node.control.checkpoints?.lastMs ?? node.clock.wallMs();
      out.integer(Math.floor(ms / 1_000));
    },
  },

  save: {
    run: async ({ node, out }) => {
      await node.control.checkpoint();
      out.simple('OK');
    },
  },

  bgsave: {
    run: (session, request) => {
      const isScheduled = request.length === 2 && wordOf(request[1]) === 'schedule';
      if (request.length > 1 && !isScheduled) throw new Refusal(SYNTAX_ERROR);
      beginCheckpoint(session);
      session.out.simple('Background saving started');
    },
  },

  /** The log is trimmed as it grows, and never written again. So a checkpoint is all that is to be done. */
  bgrewriteaof: {
    run: (session) => {
      beginCheckpoint(session);
      session.out.simple('Background append only file rewriting started');
    },
  },

  shutdown: { run: shutDown },

  debug: { run: debug },
};

function beginCheckpoint({ node }: CommandSession): void {
  node.control
    .checkpoint()
    .catch((failure: Error) => node.logger.warn({}, `the checkpoint for a Redis client failed: ${failure.message}`));
}

// ---- SHUTDOWN --------------------------------------------------------------------

const MODIFIERS: ReadonlySet<string> = new Set(['nosave', 'save', 'now', 'force', 'abort']);

/** SAVE and FORCE change nothing: a stop always keeps every write, and nothing prevents it. */
async function shutDown({ node, signal, peer }: CommandSession, request: Request): Promise<void> {
  const words = new Set(request.slice(1).map(wordOf));
  const isAbort = words.has('abort');
  const isWrong = [...words].some((word) => !MODIFIERS.has(word)) || (isAbort && words.size > 1);
  if (isWrong || (words.has('save') && words.has('nosave'))) throw new Refusal(SYNTAX_ERROR);
  if (isAbort) throw new Refusal('ERR No shutdown in progress.');
  const { shutDown: order } = node.control;
  if (!order)
    throw new Refusal('ERR this node runs inside another program, and no client can end it. End the program instead');
  node.logger.info({ peer }, `SHUTDOWN of ${peer}: the node ends`);
  order({ now: words.has('now'), checkpoint: !words.has('nosave') });
  // There is no reply. The connection ends with the node.
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}

// ---- DEBUG -----------------------------------------------------------------------

const NO_DEBUG = 'ERR DEBUG command not allowed. Start the node with --redis-debug to allow it';

const SECONDS = /^\d+(?:\.\d*)?$|^\.\d+$/;

async function debug({ node, out }: CommandSession, request: Request): Promise<void> {
  if (!node.control.isDebugged) throw new Refusal(NO_DEBUG);
  const [name, argument, ...rest] = request.slice(1).map(wordOf) as [string, ...string[]];
  if (name === 'help' && argument === undefined) {
    writeHelp(out, 'DEBUG', [
      ['SLEEP <seconds>', 'Stop the whole node for so long, as a machine that hangs.'],
      ['SET-ACTIVE-EXPIRE <0|1>', 'Switch the deletion of expired keys off or on. Readers never see expired keys.'],
    ]);
  } else if (name === 'sleep' && argument !== undefined && rest.length === 0) {
    if (!SECONDS.test(argument)) throw new Refusal(NOT_A_FLOAT);
    await hang(Number(argument) * 1_000);
    out.simple('OK');
  } else if (name === 'set-active-expire' && argument !== undefined && rest.length === 0) {
    node.control.activeExpiry.isOn = argument !== '0';
    out.simple('OK');
  } else {
    const shown = (request[1] as Buffer).toString('latin1', 0, 128);
    throw new Refusal(`ERR unknown subcommand or wrong number of arguments for '${shown}'. Try DEBUG HELP.`);
  }
}

/** Holds the event loop up, as the machine would. Replies that are written leave first. */
async function hang(ms: number): Promise<void> {
  await pause(0);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
