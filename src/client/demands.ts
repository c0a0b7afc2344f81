/**
 * The demands of a session on the nodes that answer: those of each call, and those of the whole client. Consistency
 * `session` wants everything that the client has seen. Reads for the leader are answered by no other node.
 */

import { HeadwaterError } from '../base/errors.js';
import { FRESH_STEP_MS, FRESH_WITHIN_MS_MAX } from '../base/limits.js';
import { type Guarantees, LEADER_ONLY } from '../model/guarantees.js';
import type { Reply } from '../model/operation.js';
import type { Position } from '../model/position.js';
import { withFreshness } from './guarantees.js';
import type { NewestPosition } from './newest-position.js';
import type { ClientSettings } from './options.js';
import type { PendingCommand } from './pending-command.js';

export interface DemandsOptions {
  /** The newest position, shared by the sessions of one client. */
  readonly seen: NewestPosition;
  /** The time that a node has to become as fresh as asked. */
  readonly freshWithinMs?: number;
}

export class Demands {
  readonly #settings: ClientSettings;
  readonly #seen: NewestPosition;
  readonly #freshWithinMs: number;
  /** True while any node may answer reads that are for the leader, because no leader was found. */
  isStale = false;

  constructor(settings: ClientSettings, { seen, freshWithinMs = FRESH_WITHIN_MS_MAX }: DemandsOptions) {
    this.#settings = settings;
    this.#seen = seen;
    this.#freshWithinMs = freshWithinMs;
  }

  get position(): Position | undefined {
    return this.#seen.position;
  }

  /** True if reads are for the leader. A client of one node, without redirects, means that node whatever its role. */
  get leaderOnly(): boolean {
    const { readFrom, redirect } = this.#settings;
    return readFrom === 'leader' && redirect && !this.isStale;
  }

  /** Adds to the demands of a call those of the client. */
  of(guarantees: Guarantees | undefined): Guarantees | undefined {
    const position = this.#settings.consistency === 'session' ? this.#seen.position : undefined;
    const fresh =
      position || guarantees?.freshness ? withFreshness(guarantees, position, this.#freshWithinMs) : guarantees;
    if (!this.leaderOnly) return fresh;
    return fresh ? { ...fresh, leaderOnly: true } : LEADER_ONLY;
  }

  /**
   * The demands of a message. Reads wait for freshness in short steps, so that those behind them on the stream wait no
   * longer.
   */
  ofMessage(batch: readonly PendingCommand[]): Guarantees | undefined {
    const asked = this.of(batch[0]?.guarantees);
    if (!asked?.freshness || batch.some(({ writes }) => writes)) return asked;
    // Commands that are sent again come first, so the first is the oldest.
    const waitedMs = performance.now() - (batch[0]?.askedMs ?? 0);
    const withinMs = Math.max(1, Math.min(FRESH_STEP_MS, Math.floor(asked.freshness.withinMs - waitedMs)));
    return { ...asked, freshness: { ...asked.freshness, withinMs } };
  }

  /** True if a read that came too early is asked again at the same node, because its time is not over. */
  mayBecomeFresh({ writes, askedMs, guarantees }: PendingCommand, refusal: HeadwaterError): boolean {
    if (writes || !HeadwaterError.is(refusal, 'unavailable') || refusal.details.cause !== 'NOT_FRESH') return false;
    const withinMs = Math.min(guarantees?.freshness?.withinMs ?? this.#freshWithinMs, this.#freshWithinMs);
    return withinMs > FRESH_STEP_MS && performance.now() - askedMs < withinMs;
  }

  /** Consistency `session` never takes back its promise. Loss is reported to the caller, and then forgotten. */
  saw(position: Position, wrote: () => boolean): void {
    this.#seen.note(position, () => this.#settings.consistency !== 'session' && wrote());
  }

  /** Forgets a position whose history the cluster has lost. */
  answered(reply: Reply): void {
    if (reply.kind === 'error' && HeadwaterError.is(reply.error, 'lost_branch'))
      this.#seen.forget(reply.error.details.replicationId);
  }
}
