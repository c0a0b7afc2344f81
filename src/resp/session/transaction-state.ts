/**
 * The transaction of one client: the keys that WATCH watches, and the commands between MULTI and EXEC. Arguments are
 * copied if EXEC does not come with them, since the received bytes do not stay.
 *
 * Invariant: the bytes of keys and commands together are at most those of the largest transaction.
 */
import { RECEIVING_SMALL_BYTES } from '../../base/limits.js';
import { tooLarge } from '../../commands/arguments.js';
import type { KeyWatch, UntouchedCondition } from '../../model/key-watch.js';
import type { Condition } from '../../model/operation.js';
import { ARGUMENT_COST_BYTES, type Request } from '../codec/request-parser.js';

type VersionCondition = Extract<Condition, { test: 'version' }>;

/** A command of the table, as the queue looks at it. */
interface QueuedKind<Command> {
  readonly command: Command;
  /** True if the command may change data, or send something to followers. */
  readonly mayWrite: boolean;
  /** True if the command is no data command, and runs alone. */
  readonly isAlone: boolean;
}

/** A command of the table, with its arguments. */
export interface QueuedCommand<Command = unknown> {
  readonly command: Command;
  request: Request;
}

/** The commands since MULTI. */
class OpenTransaction {
  readonly queue: QueuedCommand[] = [];
  /** The memory that the commands take. */
  bytes = 0;
  /** The commands whose arguments are copies, and the bytes of these. */
  kept = 0;
  keptBytes = 0;
  /** True if a command of it may write. */
  mayWrite = false;
  /** True if the node takes the writes of the newest commands, as far as is known before EXEC. */
  areWritesAdmitted = false;
  /** True if EXEC is more than one operation of the store. */
  runsAlone = false;
  /** True if a command was refused, so that EXEC does nothing. */
  isRefused = false;

  get commands(): number {
    return this.queue.length;
  }

  /** True if EXEC is one operation of the store, or is refused. */
  get isOneOperation(): boolean {
    return this.isRefused || !this.runsAlone;
  }

  /** Copies the arguments of the newest commands. */
  keep(): void {
    const fresh = this.queue.slice(this.kept);
    const copies = copyOf(fresh.flatMap(({ request }) => request));
    let next = 0;
    for (const queued of fresh) {
      const { length } = queued.request;
      queued.request = copies.slice(next, next + length);
      next += length;
      for (const argument of queued.request) this.keptBytes += argument.length;
    }
    this.kept = this.queue.length;
    this.areWritesAdmitted = false;
    // As in a chunk, bytes of one client.
    this.runsAlone ||= this.keptBytes > RECEIVING_SMALL_BYTES;
  }
}

export class TransactionState {
  /** Undefined outside of MULTI and EXEC. */
  open: OpenTransaction | undefined;
  /** True while EXEC runs a command. The command must not wait for anything then. */
  isExecuting = false;
  /** The memory of the commands that EXEC carries out alone. */
  executingBytes = 0;
  readonly #watched = new Map<string, VersionCondition | UntouchedCondition>();
  /** Watches that may be needed by transactions that are not answered. */
  #ended: KeyWatch[] = [];
  #watchedBytes = 0;

  get watchedKeys(): number {
    return this.#watched.size;
  }

  /** The memory that keys and commands take, those too that EXEC carries out alone. */
  get bytes(): number {
    return this.#watchedBytes + (this.open?.bytes ?? 0) + this.executingBytes;
  }

  begin(): void {
    this.open = new OpenTransaction();
  }

  /**
   * Adds a command to the open transaction.
   * @param request whose bytes stay until `keep`.
   * @throws HeadwaterError `too_large`.
   */
  add({ command, mayWrite, isAlone }: QueuedKind<unknown>, request: Request, bytesMax: number): void {
    const { open } = this;
    if (!open) return;
    open.bytes += this.#roomFor(request, bytesMax);
    open.mayWrite ||= mayWrite;
    open.runsAlone ||= isAlone;
    open.queue.push({ command, request });
  }

  /** Copies the arguments of queued commands that are views of received bytes, which do not stay. */
  keep(): void {
    if (this.open && this.open.kept < this.open.queue.length) this.open.keep();
  }

  watches(key: Buffer): boolean {
    return this.#watched.has(key.toString('latin1'));
  }

  /**
   * Watches a key.
   * @param state the version of the key, or a watch if it does not exist.
   * @throws HeadwaterError `too_large`.
   */
  watch(key: Buffer, state: number | KeyWatch, bytesMax: number): void {
    // The map holds the name as text too.
    this.#watchedBytes += this.#roomFor([key, key], bytesMax);
    const [copy] = copyOf([key]) as [Buffer];
    const isAbsent = typeof state === 'object';
    const condition = isAbsent ? { version: 0 as const, watch: state } : { version: state };
    this.#watched.set(key.toString('latin1'), { key: copy, test: 'version', ...condition });
  }

  /** Ends the watches that no transaction needs any more. Called when every command is answered. */
  settle(): void {
    if (this.#ended.length === 0) return;
    for (const watch of this.#ended) watch.end();
    this.#ended = [];
  }

  /** Ends everything, since the client is gone. */
  close(): void {
    this.end();
    this.settle();
  }

  unwatch(): void {
    for (const condition of this.#watched.values()) if ('watch' in condition) this.#ended.push(condition.watch);
    this.#watched.clear();
    this.#watchedBytes = 0;
  }

  /** Ends the transaction, and watches no key any more. @returns the conditions under which it may run. */
  end(): Condition[] {
    const conditions = [...this.#watched.values()];
    this.unwatch();
    this.open = undefined;
    return conditions;
  }

  #roomFor(kept: Request, bytesMax: number): number {
    let bytes = 0;
    for (const argument of kept) bytes += argument.length + ARGUMENT_COST_BYTES;
    if (this.bytes + bytes > bytesMax) throw tooLarge('a transaction', bytesMax, this.bytes + bytes);
    return bytes;
  }
}

/** Copies arguments into one piece of memory. A pool would keep more bytes than are counted. */
function copyOf(request: Request): Buffer[] {
  const bytes = Buffer.allocUnsafeSlow(request.reduce((sum, argument) => sum + argument.length, 0));
  let end = 0;
  return request.map((argument) => {
    const start = end;
    end += argument.copy(bytes, start);
    return bytes.subarray(start, end);
  });
}
