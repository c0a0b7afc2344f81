/**
 * The requests of a session whose time is over the threshold of the slow log, and the waits of the session that are not
 * in that time. pipeline/slow-log.ts says what the time is.
 */
import { ClientWaits } from '../../pipeline/client-waits.js';
import type { CommandLook, SlowLog, SlowOrigin } from '../../pipeline/slow-log.js';
import { requestWithoutSecrets } from '../channels/shown-words.js';
import type { Request } from '../codec/request-parser.js';
import type { CommandTable } from '../table/command-table.js';

/** Calls of one command that follow each other. */
export interface RequestRun {
  readonly call: { readonly isCalled: boolean; readonly isExec: boolean };
  /** Requests that came together, with those of the run from `at` on. */
  readonly requests: readonly unknown[];
  readonly at: number;
  readonly length: number;
  /** How many of them were refused before they ran. */
  readonly rejected: number;
}

/** The parts of a session that its slow requests need. */
export interface SlowSession {
  readonly node: { readonly slowLog: Pick<SlowLog, 'isSlow' | 'answered' | 'nowMs'> };
  readonly door: { readonly table: CommandTable };
  readonly peer: string;
  readonly state: { readonly names: { readonly client: string }; readonly user: { readonly name: string } };
}

export class SlowRequests {
  readonly waits: ClientWaits;
  readonly #log: Pick<SlowLog, 'isSlow' | 'answered'>;
  readonly #look: CommandLook<Request>;
  readonly #origin: () => SlowOrigin;
  /** True if the command that runs alone waits for as long as its client wants. */
  #isBlocked = false;

  /** @param session whose state is looked at later. */
  constructor(session: SlowSession) {
    const { node, door } = session;
    this.waits = new ClientWaits(node.slowLog);
    this.#log = node.slowLog;
    this.#look = { bytesOf: bytesOfRequest, shown: (request) => requestWithoutSecrets(request, door.table) };
    this.#origin = () => originOf(session);
  }

  /** Notes that the command that runs alone waits for as long as its client wants. */
  blocked(): void {
    this.#isBlocked = true;
  }

  /**
   * Takes the waits out of the time of commands that are answered, and forgets the waits.
   * @returns the rest if it is slow, or else 0.
   */
  slowMs(ms: number): number {
    const ownMs = this.waits.takeFrom(ms);
    const counts = !this.#isBlocked && ownMs > 0 && this.#log.isSlow(ownMs);
    this.#isBlocked = false;
    return counts ? ownMs : 0;
  }

  /**
   * Records the slow ones among commands that were answered together.
   * @param ms the time of all. @param parts the commands that an EXEC among them carried out, in whose place they are shown.
   */
  answered(runs: readonly RequestRun[], parts: readonly RequestRun[], ms: number): void {
    const requests: Request[] = [];
    for (const { call, requests: all, at, length, rejected } of [...runs, ...parts]) {
      if (!call.isCalled || rejected === length || (call.isExec && parts.length > 0)) continue;
      for (let i = at; i < at + length; i++) requests.push(all[i] as Request);
    }
    this.#log.answered(requests, ms, this.#look, this.#origin);
  }
}

function originOf({ peer, state: { names, user } }: SlowSession): SlowOrigin {
  return { client: peer, clientName: names.client, user: user.name };
}

function bytesOfRequest(request: Request): number {
  let bytes = 0;
  for (const word of request) bytes += word.length;
  return bytes;
}
