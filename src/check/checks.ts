/**
 * The checks and repairs of a node, one at a time, since each reads everything. Callers ask for them; with `autoRepair`
 * the node begins repairs by itself.
 */

import { firstOf } from '../base/abort.js';
import { doubledMs } from '../base/back-off.js';
import { type Clock, sleep } from '../base/clock.js';
import { HeadwaterError } from '../base/errors.js';
import { CHECK_BYTES_PER_SECOND, CHECK_PROGRESS_MS, REPAIR_RETRY_MS_MAX, REPAIR_RETRY_MS_MIN } from '../base/limits.js';
import type { Logger } from '../base/logger.js';
import { RepeatedLog } from '../base/repeated-log.js';
import type { Files } from '../disk/files.js';
import type {
  CheckProgress,
  CheckRequest,
  FetchBlocksRequest,
  FetchBlocksResponse,
  RepairEvent,
  RepairStep,
  VerifyEvent,
} from '../model/check.js';
import type { DamageNotes } from '../store/damage.js';
import type { StoreData } from '../store/data.js';
import type { Roles } from '../store/roles.js';
import type { Settings } from '../store/settings.js';
import type { Snapshots } from '../store/snapshots.js';
import { blocksFor } from './block-source.js';
import { type EventSink, eventStream } from './event-stream.js';
import { bytesToVerify, verifyStore } from './online.js';
import { Pace } from './pace.js';
import { copiedFromUpstream, Repair, refuseLeader, type Upstream } from './repair.js';

/** The parts of the store that this file needs. */
export interface ChecksStore {
  readonly data: Pick<
    StoreData,
    'changed' | 'directory' | 'incomplete' | 'isServing' | 'log' | 'notServing' | 'serving'
  >;
  readonly roles: Pick<Roles, 'role' | 'upstream'>;
  readonly snapshots: Pick<Snapshots, 'at' | 'keyspaceDirectory'>;
  readonly damage: Pick<DamageNotes, 'message' | 'noticed' | 'permitStandIn'>;
  readonly settings: Pick<Settings, 'logRetentionBytes'>;
}

export interface ChecksOptions {
  readonly store: ChecksStore;
  readonly files: Files;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly upstream: Upstream;
  /** Whether a follower repairs damage that it meets, without a person's confirmation. */
  readonly autoRepair: boolean;
}

export class Checks {
  readonly #options: ChecksOptions;
  readonly #log: RepeatedLog;
  readonly #stop = new AbortController();
  /** The check or repair that is running. */
  #busy: string | undefined;
  #watching: Promise<void> = Promise.resolve();
  #repairs = 0;
  #lastRepair = '';

  constructor(options: ChecksOptions) {
    this.#options = options;
    this.#log = RepeatedLog.of(options);
  }

  get status(): { repairs: number; lastRepair: string } {
    return { repairs: this.#repairs, lastRepair: this.#lastRepair };
  }

  start(): void {
    if (this.#options.autoRepair) this.#watching = this.#watch();
  }

  async close(reason: HeadwaterError): Promise<void> {
    this.#stop.abort(reason);
    await this.#watching;
  }

  /** @throws HeadwaterError `overloaded` if a check or a repair is running. */
  verify({ bytesPerSecond }: CheckRequest, signal: AbortSignal): AsyncGenerator<VerifyEvent> {
    return this.#alone('a check of this node', signal, async (sink: EventSink<VerifyEvent>) => {
      const { store, files } = this.#options;
      const reading = await this.#reading(sink, bytesPerSecond);
      let damages = 0;
      const verified = await verifyStore(store, {
        ...reading,
        files,
        found: (damage) => {
          damages++;
          sink.tell({ kind: 'damage', damage });
        },
      });
      sink.tell({ kind: 'summary', summary: { ...verified, damages } });
    });
  }

  /** @throws HeadwaterError `overloaded` if a check or a repair is running; `repair_refused` on a leader. */
  repair({ bytesPerSecond }: CheckRequest, signal: AbortSignal): AsyncGenerator<RepairEvent> {
    return this.#alone('a repair of this node', signal, async (sink: EventSink<RepairEvent>) => {
      refuseLeader(this.#options.store);
      const reading = await this.#reading(sink, bytesPerSecond);
      const summary = { damages: 0, repairs: 0, left: 0 };
      const repair = new Repair({
        ...this.#options,
        ...reading,
        signal: sink.signal,
        found: (damage) => {
          summary.damages++;
          sink.tell({ kind: 'damage', damage });
        },
        done: (step) => {
          if (step.kind === 'left') summary.left++;
          else summary.repairs++;
          this.#noted(step);
          sink.tell({ kind: 'step', step });
        },
      });
      await repair.run();
      sink.tell({ kind: 'summary', summary });
    });
  }

  /** Blocks of this node's log, for a node that repairs itself. */
  blocks(request: FetchBlocksRequest, signal: AbortSignal): AsyncGenerator<FetchBlocksResponse> {
    return blocksFor(this.#options.store, request, signal);
  }

  async *#alone<Event>(
    what: string,
    signal: AbortSignal,
    work: (sink: EventSink<Event>) => Promise<void>,
  ): AsyncGenerator<Event> {
    if (this.#stop.signal.aborted) throw this.#stop.signal.reason;
    if (this.#busy !== undefined)
      throw new HeadwaterError(
        'overloaded',
        `${this.#busy} is running already: expected at most one at a time. Try again when it has ended`,
      );
    this.#busy = what;
    try {
      yield* eventStream(work, AbortSignal.any([signal, this.#stop.signal]));
    } finally {
      this.#busy = undefined;
    }
  }

  /** The pace and the progress reports of both: they read beside other work. */
  async #reading(
    sink: EventSink<{ readonly kind: 'progress'; readonly progress: CheckProgress }>,
    bytesPerSecond: number,
  ): Promise<{ pace(bytes: number): Promise<void>; doing(what: string): void }> {
    const { store, files, clock } = this.#options;
    const bytesEstimate = store.data.isServing ? await bytesToVerify(store, files) : 0;
    const pace = new Pace(clock, bytesPerSecond || CHECK_BYTES_PER_SECOND, sink.signal);
    let doing = '';
    let saidMs = Number.NEGATIVE_INFINITY;
    const say = () => {
      saidMs = clock.monotonicMs();
      sink.tell({ kind: 'progress', progress: { bytes: pace.bytes, bytesEstimate, doing } });
    };
    return {
      pace: async (bytes) => {
        await pace.take(bytes);
        if (clock.monotonicMs() - saidMs >= CHECK_PROGRESS_MS) say();
        await sink.room();
      },
      doing: (what) => {
        if (what === doing) return;
        doing = what;
        say();
      },
    };
  }

  #noted({ kind, message }: RepairStep): void {
    const { clock } = this.#options;
    if (kind === 'left') this.#log.error({}, `not repaired: ${message}`);
    else this.#log.warn({}, `repaired: ${message}`, message);
    if (kind !== 'left') this.#repairs++;
    this.#lastRepair = `${new Date(clock.wallMs()).toISOString()}: ${message}`;
  }

  /** Begins a repair whenever something needs one, until the checks are closed. */
  async #watch(): Promise<void> {
    const { store, clock } = this.#options;
    const { signal } = this.#stop;
    let tries = 0;
    /** Why the node serves nothing, and the number of repairs before that. */
    let broken: { readonly why: string; readonly repairs: number } | undefined;
    while (!signal.aborted) {
      const bells = [store.damage.noticed, store.data.changed].map((bell) => ({ bell, rings: bell.rings }));
      if (store.data.incomplete) broken ??= { why: store.data.incomplete.message, repairs: this.#repairs };
      else if (broken && store.data.isServing) {
        // The full resync that the link began by itself has replaced the data.
        if (broken.repairs === this.#repairs) this.#noted(copiedFromUpstream(store.roles.upstream, broken.why));
        broken = undefined;
      }
      if (!this.#needed()) {
        tries = 0;
        await firstOf(signal, (over) => bells.map(({ bell, rings }) => bell.rungAfter(rings, over)));
        continue;
      }
      // A repair that has ended while damage is left may end so again.
      const pauseMs = tries === 0 ? 0 : doubledMs(REPAIR_RETRY_MS_MIN, tries - 1, REPAIR_RETRY_MS_MAX);
      tries++;
      await sleep(clock, pauseMs, signal);
      if (signal.aborted || !this.#needed()) continue;
      try {
        for await (const _ of this.repair({ bytesPerSecond: 0 }, signal));
      } catch (error) {
        if (!signal.aborted)
          this.#log.warn({}, `a repair failed: ${(error as Error).message}. The node will try again`);
      }
    }
  }

  #needed(): boolean {
    const { store, upstream } = this.#options;
    if (store.roles.role !== 'follower') return false;
    if (store.data.isServing) return store.data.serving.losses.from !== undefined || store.damage.message !== '';
    // A link that begins a session gets the full resync by itself.
    return store.data.incomplete !== undefined && upstream.status.state === 'streaming';
  }
}
