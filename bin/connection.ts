/**
 * A command that talks to a node: connects by the global options, runs, closes the connection, and sets the exit
 * status.
 */
import type { Command } from 'commander';
import { HeadwaterError } from '../src/base/errors.js';
import type { Client } from '../src/client/index.js';
import { type ExitStatus, Output } from './output.js';

/** The time for a node to accept a connection, and to answer a call. A server with full queues refuses after 10 s. */
const CONNECT_MS_MAX = 5_000;
export const CALL_MS_MAX = 15_000;
/** The time for pending calls at the end: the command is done or has failed, so they are given up soon. */
const CLOSE_MS_MAX = 500;

export interface GlobalOptions {
  connect: string[];
  timeout?: number;
  json?: boolean;
}

export interface Session {
  readonly client: Client;
  readonly output: Output;
  /** The addresses of --connect. */
  readonly addresses: readonly string[];
  /** The value of --timeout; undefined without it. */
  readonly timeoutMs: number | undefined;
}

type Run<Given extends unknown[]> = (session: Session, ...given: Given) => Promise<ExitStatus>;

/**
 * An action for commander, which passes the arguments, the options and the command.
 * @param waits whether --timeout bounds the work at the node. The node answers when that time is over, and the call
 *   waits for the answer.
 */
export function onNode<Given extends unknown[]>(run: Run<Given>, { waits = false } = {}) {
  return async (...args: [...Given, ...unknown[]]): Promise<void> => {
    const command = args.at(-1) as Command;
    const { connect, timeout, json = false } = command.optsWithGlobals<GlobalOptions>();
    const client = await connectTo(connect, waits ? CALL_MS_MAX : timeout);
    try {
      process.exitCode = await run(
        { client, output: new Output({ json }), addresses: connect, timeoutMs: timeout },
        ...(args as unknown as Given),
      );
    } catch (error) {
      throw HeadwaterError.is(error, 'read_only_follower') ? withDirections(error, connect) : error;
    } finally {
      await client.close({ timeoutMs: CLOSE_MS_MAX });
    }
  };
}

/**
 * Connects. A person who names one node means that node, and gets its own answer. With several addresses, whichever
 * node leads is meant.
 */
async function connectTo(addresses: string[], timeoutMs = CALL_MS_MAX): Promise<Client> {
  const { Client } = await import('../src/client/index.js');
  try {
    return await Client.connect(addresses, {
      timeoutMs,
      connectTimeoutMs: Math.min(timeoutMs, CONNECT_MS_MAX),
      redirect: addresses.length > 1,
    });
  } catch (error) {
    if (!HeadwaterError.is(error, 'unreachable')) throw error;
    const where = addresses.join(', ');
    const why = plainReason(error.message).replace(`${where}: `, '');
    const message = `cannot reach ${where}: ${why}. Check --connect or HEADWATER_CONNECT`;
    throw new HeadwaterError('unreachable', message, { cause: error });
  }
}

/** The reason that the network gives, without the layers that it came through. */
function plainReason(message: string): string {
  if (message.includes('connection refused')) return 'connection refused: no process listens there';
  if (message.includes('no host of the name')) return 'there is no host of that name';
  if (/EHOSTUNREACH|ENETUNREACH/.test(message)) return 'there is no route to that network';
  if (/Protocol error|ERR_HTTP2/.test(message)) return 'the process that listens there is no Headwater node';
  return message;
}

function withDirections(error: HeadwaterError, addresses: readonly string[]): HeadwaterError {
  const { leader } = error.details;
  const there = leader ? `. Use --connect ${leader}` : '';
  const message = `${addresses.join(', ')}: ${error.message}${there}`;
  return new HeadwaterError(error.code, message, { cause: error, details: error.details });
}
