/** The state of a session between its commands. Commands read and change it, and the input of the session obeys it. */
import type { Guarantees } from '../../model/guarantees.js';
import type { Position } from '../../model/position.js';
import type { Listener } from '../channels/listener.js';
import type { Request } from '../codec/request-parser.js';
import type { CommandEntry } from '../table/command-table.js';
import type { SessionCalls } from './session-calls.js';
import type { SessionUser } from './session-user.js';
import type { SlowRequests } from './slow-requests.js';
import { TransactionState } from './transaction-state.js';

/** The replies that a client wants: all, none, or all but the next one. */
class WantedReplies {
  #wanted: 'on' | 'off' | 'skip' = 'on';
  /** True while a command runs alone whose reply the client does not want. */
  isSilent = false;

  /** True if the client wants the replies to all commands. */
  get areAll(): boolean {
    return this.#wanted === 'on';
  }

  /** Tells whether the reply to the next command is not wanted. Asked once for each command. */
  takesSilence(): boolean {
    if (this.#wanted === 'on') return false;
    if (this.#wanted === 'skip') this.#wanted = 'on';
    return true;
  }

  /** Turns all replies on, that to the command that runs too. */
  on(): void {
    this.#wanted = 'on';
    this.isSilent = false;
  }

  /** Ends OFF, also for the command that runs. A skip is over by then, and the reply stays skipped. */
  reset(): void {
    if (this.#wanted === 'off') this.on();
  }

  off(): void {
    this.#wanted = 'off';
  }

  /** Turns off the reply to the next command. */
  skip(): void {
    if (this.#wanted === 'on') this.#wanted = 'skip';
  }
}

/** The wait of the command that runs, if the wait may last for ever and CLIENT UNBLOCK can end it. */
class Blocking {
  /** Called when such a wait begins. */
  onBegun = () => {};
  readonly #slow: Pick<SlowRequests, 'blocked'>;
  #unblock: ((reason: 'timeout' | 'error') => void) | undefined;

  /** @param slow gets to know that the command is not slow. */
  constructor(slow: Pick<SlowRequests, 'blocked'>) {
    this.#slow = slow;
  }

  get isOn(): boolean {
    return this.#unblock !== undefined;
  }

  /** @param unblock ends the wait. */
  begin(unblock: (reason: 'timeout' | 'error') => void): void {
    this.#unblock = unblock;
    this.#slow.blocked();
    this.onBegun();
  }

  /** Notes that the wait is over. */
  end(): void {
    this.#unblock = undefined;
  }

  /** Ends the wait. @returns false if there is none. */
  unblock(reason: 'timeout' | 'error'): boolean {
    const { isOn } = this;
    this.#unblock?.(reason);
    return isOn;
  }
}

export class SessionState {
  /** The number of the connection since the node started, from 1. */
  readonly id: number;
  /** The time of the connection and of its newest bytes, in milliseconds since the epoch. */
  readonly activity: {
    readonly createdMs: number;
    receivedMs: number;
    /** Requests that were received. */
    requests: number;
    /** The newest command, as the table knows it. Undefined before the first one. */
    newest: object | undefined;
  };
  /** Names that the client gave itself and its library. Empty if it gave none. */
  readonly names = { client: '', library: '', libraryVersion: '' };
  readonly user: SessionUser;
  readonly replies = new WantedReplies();
  readonly transaction = new TransactionState();
  readonly blocking: Blocking;
  /** The counts of its calls. */
  readonly calls: SessionCalls;
  /** Wishes about the memory and the eviction of Redis. They change nothing here, and are shown. */
  readonly wishes = { noEvict: false, noTouch: false };
  /** The position of the newest answered command. */
  seen: Position | undefined;
  /** The position of the newest answered write. */
  written: Position | undefined;
  /** The guarantees that the client asked for, for all its commands from then on. */
  guarantees: Guarantees | undefined;
  /** The subscriptions and the monitor of the connection. Undefined before its first. */
  listener: Listener | undefined;

  constructor(id: number, createdMs: number, calls: SessionCalls, user: SessionUser) {
    this.id = id;
    this.user = user;
    this.calls = calls;
    this.blocking = new Blocking(calls.slow);
    this.activity = { createdMs, receivedMs: createdMs, requests: 0, newest: undefined };
  }

  /**
   * Notes a command that runs alone, and its requests in a row.
   * @param entry the command in the table.
   */
  beginAlone(command: object, row: readonly Request[], entry: CommandEntry | undefined): void {
    this.activity.newest = command;
    this.calls.beginAlone(command, row);
    this.user.runs(entry, row[0]);
  }

  /** Returns to the state of a new connection, without its number and its library. */
  reset(): void {
    this.listener?.leave();
    this.transaction.end();
    this.replies.reset();
    this.names.client = '';
    this.wishes.noEvict = false;
    this.wishes.noTouch = false;
    this.guarantees = undefined;
    this.user.reset();
  }
}
