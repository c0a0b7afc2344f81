/**
 * Decides whether this node is fresh enough to answer a read. A client may
 * demand that the node has applied what the client has seen elsewhere
 * (`atLeast`). The client may also bound the age of the data, by the leader's
 * clock (`maxStalenessMs`).
 *
 * A read that waits looks again when the log grows, the store changes, or the
 * upstream reports. A read without such a demand only needs `refusal`, which
 * checks one flag.
 */
import { firstOf } from '../../base/abort.js';
import { Bell } from '../../base/bell.js';
import { type Clock, sleep } from '../../base/clock.js';
import { HeadwaterError } from '../../base/errors.js';
import { FRESH_WITHIN_MS_MAX } from '../../base/limits.js';
import type { Log } from '../../log/log.js';
import type { FreshnessWanted } from '../../model/guarantees.js';
import { NO_HISTORY, type Position } from '../../model/position.js';
import type { StoreData } from '../../store/data.js';
import { leaderIn } from '../../store/refusals.js';
import type { Roles } from '../../store/roles.js';
import type { WriteGuards } from '../../store/write-guards.js';
import type { Writes } from '../../store/writes.js';

/** The parts of the store that this file needs. */
export interface FreshnessStore {
  readonly data: Pick<StoreData, 'changed' | 'isServing' | 'log' | 'notServing' | 'position'>;
  readonly roles: Pick<Roles, 'asking' | 'role' | 'upstream'>;
  readonly writes: Pick<Writes, 'refusal'> & { readonly guards: Pick<WriteGuards, 'ofFollower'> };
}

/** The link to the upstream, as far as freshness needs it. */
export interface UpstreamFreshness {
  /** The greatest possible age of the data, by the leader above; undefined if that is not known. */
  readonly stalenessMs: number | undefined;
  /** Whether the link streams, and this node has everything that the upstream had when the session began. */
  readonly isLevel: boolean;
  /** Rings when the upstream has reported how things stand. */
  readonly told: Bell;
}

export interface FreshnessOptions {
  readonly store: FreshnessStore;
  readonly link: UpstreamFreshness;
  readonly clock: Clock;
  /** Whether a follower that is not level with its upstream answers reads without a freshness demand. */
  readonly serveStaleReads: boolean;
}

/** The state at one moment of everything whose change may make a node fresh. */
interface Moment {
  readonly log: Log | undefined;
  readonly offset: number;
  readonly bells: ReadonlyArray<{ readonly bell: Bell; readonly rings: number }>;
}

export class Freshness {
  readonly #options: FreshnessOptions;
  readonly #store: FreshnessStore;
  readonly #ended = new Bell();
  /** Set once the node stops: reads wait no more. */
  #end: HeadwaterError | undefined;

  constructor(options: FreshnessOptions) {
    this.#options = options;
    this.#store = options.store;
  }

  /** The reason why this node answers no reads for now; undefined if it answers them. */
  get refusal(): HeadwaterError | undefined {
    const { serveStaleReads, link } = this.#options;
    if (serveStaleReads || link.isLevel) return undefined;
    const why = this.#whyStale;
    if (why === undefined) return undefined;
    const { role, upstream } = this.#store.roles;
    return new HeadwaterError('unavailable', `${why}, and serves no stale reads (--no-serve-stale-reads)`, {
      details: { cause: 'STALE', ...(role === 'follower' && leaderIn(upstream)) },
    });
  }

  /** The reason why this node answers no reads that are for the leader alone; undefined if it leads. */
  get notLeading(): HeadwaterError | undefined {
    const { role, upstream } = this.#store.roles;
    if (role === 'leader') return this.#over;
    if (upstream === '')
      return new HeadwaterError(
        'unavailable',
        'the read is for the leader alone, and this node follows none. Try again when the cluster has a leader',
      );
    return new HeadwaterError(
      'read_only_follower',
      `this node is a follower, and the read is for the leader alone; its upstream is ${upstream}`,
      { details: leaderIn(upstream) },
    );
  }

  get #whyStale(): string | undefined {
    const { role, upstream } = this.#store.roles;
    if (role === 'leader') return this.#over && 'this node leads no more';
    if (upstream === '') return 'this node waits for its cluster to have a leader';
    return `this node follows ${upstream}, is behind it`;
  }

  /** The reason why a leader leads no more: another one continues its history, or its term is over. */
  get #over(): HeadwaterError | undefined {
    const { roles, writes } = this.#store;
    return roles.asking ? undefined : writes.refusal;
  }

  /**
   * Resolves when this node is as fresh as `wanted`.
   * @param writes whether the message also writes. A follower then refuses it
   *   at once, since only a leader takes it.
   * @param withinMs the longest wait, whatever is wanted.
   * @throws HeadwaterError `read_only_follower`; `unavailable` with how far the
   *   node is, if it does not get fresh in time; `lost_branch` if it never will;
   *   the reason of `end`.
   */
  async whenFresh(
    wanted: FreshnessWanted,
    { writes, withinMs = FRESH_WITHIN_MS_MAX, signal }: { writes: boolean; withinMs?: number; signal: AbortSignal },
  ): Promise<void> {
    const { clock } = this.#options;
    const endMs = clock.monotonicMs() + Math.min(wanted.withinMs || FRESH_WITHIN_MS_MAX, withinMs, FRESH_WITHIN_MS_MAX);
    for (;;) {
      const { role, upstream } = this.#store.roles;
      if (writes && role === 'follower') throw this.#store.writes.guards.ofFollower(upstream);
      const before = this.#now();
      const lacking = await this.#lacking(wanted);
      if (!lacking) return;
      if (signal.aborted) throw signal.reason;
      const leftMs = endMs - clock.monotonicMs();
      if (leftMs <= 0) throw lacking;
      if (this.#end) throw this.#end;
      await this.#moved(before, leftMs, signal);
    }
  }

  /** Stops all waits: reads that wait, or would have to, fail with `reason`. */
  end(reason: HeadwaterError): void {
    this.#end = reason;
    this.#ended.ring();
  }

  /** Taken before the check, so that no change during the check is missed. */
  #now(): Moment {
    const { isServing, changed, position } = this.#store.data;
    return {
      log: isServing ? this.#store.data.log : undefined,
      offset: position.offset,
      bells: [changed, this.#options.link.told, this.#ended].map((bell) => ({ bell, rings: bell.rings })),
    };
  }

  /** The error that says what is missing yet; undefined if nothing is. */
  async #lacking({ atLeast, alsoAtLeast, maxStalenessMs }: FreshnessWanted): Promise<HeadwaterError | undefined> {
    const { notServing } = this.#store.data;
    if (notServing) return notServing;
    const behind = (atLeast && (await this.#behind(atLeast))) ?? (alsoAtLeast && (await this.#behind(alsoAtLeast)));
    if (behind) return behind;
    return maxStalenessMs > 0 ? this.#stale(maxStalenessMs) : undefined;
  }

  /** @throws HeadwaterError `lost_branch`. */
  async #behind(asked: Position): Promise<HeadwaterError | undefined> {
    const { log } = this.#store.data;
    const { end } = log;
    const { lineage } = log.history;
    const { replicationId, offset, checksum } = asked;
    if (replicationId === NO_HISTORY) return undefined;
    const at = lineage.rows.findIndex((row) => row.replicationId === replicationId);
    // This node may not know of that history yet.
    if (at < 0 || offset < (lineage.rows[at]?.firstOffset ?? 0)) return this.#notThere(asked, end);
    const left = lineage.rows[at + 1];
    if (left && left.firstOffset <= offset) {
      throw lost(
        asked,
        `the data of this node left that history after offset ${left.firstOffset - 1}, for ${left.replicationId}`,
      );
    }
    if (end.offset < offset) return this.#notThere(asked, end);
    const here = await log.lookup.checksumAt(offset);
    // Other data may have replaced the log meanwhile. The next look judges by the new log.
    if (!this.#store.data.isServing || this.#store.data.log !== log) return this.#notThere(asked, end);
    // If that offset is trimmed, only the lineage can be compared.
    if (here === checksum || here === 'trimmed') return undefined;
    if (here === 'beyond') return this.#notThere(asked, end);
    throw lost(asked, `the data of this node have another history at that offset`);
  }

  #stale(maxStalenessMs: number): HeadwaterError | undefined {
    const stalenessMs = this.#stalenessMs;
    if (stalenessMs !== undefined && stalenessMs <= maxStalenessMs) return undefined;
    const unknown = this.#store.writes.refusal?.message ?? 'this node has not caught up with its leader yet';
    const received = stalenessMs === undefined ? unknown : `the data are ${stalenessMs} ms old`;
    return new HeadwaterError('unavailable', `expected data at most ${maxStalenessMs} ms old, ${received}`, {
      details: {
        cause: 'NOT_FRESH',
        maxStalenessMs,
        ...(stalenessMs !== undefined && { stalenessMs }),
      },
    });
  }

  /** 0 on a leader, unless it knows, or may suspect, that another one leads. Undefined if the age is not known. */
  get #stalenessMs(): number | undefined {
    if (this.#store.roles.role === 'leader') return this.#store.writes.refusal ? undefined : 0;
    const { stalenessMs } = this.#options.link;
    return stalenessMs === undefined ? undefined : Math.ceil(stalenessMs);
  }

  #notThere(asked: Position, end: Position): HeadwaterError {
    return new HeadwaterError(
      'unavailable',
      `expected offset ${asked.offset} of the history ${asked.replicationId}, this node has applied offset ${end.offset} of ${end.replicationId}`,
      { details: { cause: 'NOT_FRESH', askedOffset: asked.offset, offset: end.offset } },
    );
  }

  /** Resolves when something has changed since `before`, or after `withinMs`. */
  async #moved({ log, offset, bells }: Moment, withinMs: number, signal: AbortSignal): Promise<void> {
    await firstOf(signal, (over) => {
      const happened = bells.map(({ bell, rings }) => bell.rungAfter(rings, over));
      // A closed log is news too: another log has taken its place, or is about to.
      if (log) happened.push(log.readers.whenBeyond(offset, over).catch(() => {}));
      return [sleep(this.#options.clock, withinMs, over), ...happened];
    });
    if (signal.aborted) throw signal.reason;
  }
}

function lost({ offset, replicationId }: Position, why: string): HeadwaterError {
  return new HeadwaterError(
    'lost_branch',
    `expected offset ${offset} of the history ${replicationId}: ${why}. Writes that were read there may be lost`,
    { details: { replicationId, offset } },
  );
}
