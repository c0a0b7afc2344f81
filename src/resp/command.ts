/**
 * Commands of the Redis protocol as a session carries them out. There are two kinds. A data command becomes one
 * operation of the store, and many of them go through the pipeline together. The commands around a transaction that
 * change the session alone stand among them: their replies are known at once, and leave in their places. Every other
 * command runs alone, when all before it are answered.
 *
 * Arguments are those of the request, with the name of the command at 0, as the documents of Redis count them. They
 * are views of received bytes: a command that keeps one for longer than its own turn copies it.
 */
import type { HeadwaterError } from '../base/errors.js';
import type { RepeatedLog } from '../base/repeated-log.js';
import type { Operation, OperationKind, Reply, ReplyTo } from '../model/operation.js';
import type { Client, Clients } from './clients.js';
import type { ReplyWriter, RespVersion } from './codec/reply-writer.js';
import type { Request } from './codec/request-parser.js';
import type { Settings } from './config/settings.js';
import type { RedisNode } from './redis-node.js';
import type { CommandTable } from './table/command-table.js';

/** An operation, and the way to write its reply. */
export interface Asked {
  readonly operation: Operation;
  /** Writes the reply, which is never an error. */
  readonly answer: (out: ReplyWriter, reply: Reply) => void;
  /** The sentence for an error that this command words differently. Undefined for the usual one. */
  readonly sentence?: ((error: HeadwaterError) => string | undefined) | undefined;
  /** Bytes of the operation that came in earlier chunks: those of a transaction. */
  readonly keptBytes?: number;
}

/** The reply of a command that is done when it is read. */
export interface Known {
  readonly write: (out: ReplyWriter) => void;
}

/** A command that is one operation, or that changes the session alone. */
export interface DataCommand {
  /**
   * Called once, in the order of the requests. The commands before may not be answered yet.
   * @throws Refusal if the arguments are not those of the command.
   */
  readonly ask: (request: Request, session: CommandSession) => Asked | Known;
  /**
   * Writes the reply at once if memory has all that it needs. Called instead of `ask` if all commands before are
   * answered and nothing has to be awaited.
   * @returns false if nothing was written. `ask` is called then.
   */
  readonly answerNow?: (request: Request, session: CommandSession) => boolean;
}

/** The door of the node, as commands see it that look at other clients or other commands. */
export interface Door {
  readonly clients: Clients;
  readonly table: CommandTable;
  readonly settings: Settings;
  /** The log for what clients may repeat as often as they like. */
  readonly log: Pick<RepeatedLog, 'warn'>;
}

/** The connection of a client, as its commands see it. */
export interface CommandSession extends Client {
  readonly node: RedisNode;
  readonly door: Door;
  /** Writes the reply of the command that runs. */
  readonly out: ReplyWriter;
  /** Aborts when the client is gone or the node stops. */
  readonly signal: AbortSignal;
  /** Carries out operations as one message, and resolves with their replies. Only for a command that runs alone. */
  execute(operations: readonly Operation[], bytes: number): Promise<Reply[]>;
  /**
   * Sends the part of the reply that is written, and resolves when there is room for another part: for a reply that is
   * too long for memory.
   * @throws HeadwaterError if the client is gone.
   */
  flushed(): Promise<void>;
  /**
   * Sends a message that answers no request: of a subscription, or of a monitor. Calls `sent` when it has left.
   * @returns the bytes on their way to the client, replies included.
   */
  push(message: Buffer, sent: () => void): number;
  /** Answers in this version of the protocol from now on, the command that runs too. */
  speak(version: RespVersion): void;
  /** Closes the connection when all that was asked is answered. Later requests are dropped. */
  close(): void;
}

/** A command that is more than an operation, or that is about the connection or the node. */
export interface SessionCommand {
  /**
   * Carries the command out, and writes its reply.
   * @throws Refusal, or HeadwaterError, which become the reply.
   */
  readonly run: (session: CommandSession, request: Request) => void | Promise<void>;
  /**
   * Carries out several requests of this command that came in a row, and writes a reply for each. Undefined if each
   * request runs alone. A failure of the whole ends the connection.
   */
  readonly runRow?: (session: CommandSession, requests: readonly Request[]) => Promise<void>;
}

export type Command = DataCommand | SessionCommand;

/** True for a command that runs alone. Commands have many shapes, and the operator `in` costs ten times as much for them. */
export function isAlone(command: Command | string): command is SessionCommand {
  return typeof command === 'object' && (command as Partial<SessionCommand>).run !== undefined;
}

/** Commands by their names, in lower case. */
export type CommandFamily = Readonly<Record<string, Command>>;

/** Binds an operation to the function that writes its reply, so that the types of both agree. */
export function asked<K extends OperationKind>(
  operation: Operation & { readonly kind: K },
  answer: (out: ReplyWriter, reply: ReplyTo<K>) => void,
  sentence?: Asked['sentence'],
): Asked {
  return { operation, answer: answer as Asked['answer'], sentence };
}
