/**
 * The stages of a store, and the moves between them:
 *
 *   opening     nothing is open yet
 *   serving     reads are served; the role says who takes writes
 *   asking      a leader does not lead yet: its followers may have writes that its log has lost
 *   incomplete  the keyspace is ahead of the log: nothing is served until a full resync
 *   reopening   a write has failed: everything is closed, and opened with full recovery
 *   stuck       opening has failed, and is tried again and again
 *   replacing   a full resync exchanges the generation
 *   closing     the store ends; closed when it has ended
 *
 * The first three after `opening` are open: they have a generation. All others have the reason why nothing is served,
 * and remember from one to the next whether the leader asks, and the status of the generation that was open last.
 */
import { HeadwaterError } from '../base/errors.js';
import { invariant } from '../base/invariant.js';
import type { Generation } from './generation.js';
import { type GenerationStatus, NOTHING } from './generation-status.js';

export type OpenName = 'serving' | 'asking' | 'incomplete';
export type AwayName = 'opening' | 'reopening' | 'stuck' | 'replacing' | 'closing' | 'closed';
export type StageName = OpenName | AwayName;

/** The data are open. */
interface Open {
  readonly name: OpenName;
  readonly generation: Generation;
}

/** Nothing is served. */
interface Away {
  readonly name: AwayName;
  readonly reason: HeadwaterError;
  /** The generation while it is being opened, or until it is closed. */
  readonly generation: Generation | undefined;
  /** Whether the leader asks its followers once it is open again. */
  readonly asks: boolean;
  /** The status of the generation that was closed last. */
  readonly last: GenerationStatus;
}

export type Stage = Open | Away;

const OPEN: readonly OpenName[] = ['serving', 'asking', 'incomplete'];

const NEXT: Readonly<Record<StageName, readonly StageName[]>> = {
  opening: ['opening', ...OPEN, 'closed'],
  serving: ['reopening', 'replacing', 'closing'],
  asking: ['serving', 'incomplete', 'reopening', 'replacing', 'closing'],
  incomplete: ['reopening', 'replacing', 'closing'],
  reopening: ['reopening', ...OPEN, 'stuck', 'replacing', 'closing'],
  stuck: ['stuck', ...OPEN, 'reopening', 'replacing', 'closing'],
  replacing: ['replacing', ...OPEN, 'reopening'],
  closing: ['closing', 'closed'],
  closed: [],
};

export class Stages {
  #stage: Stage = {
    name: 'opening',
    reason: new HeadwaterError('unavailable', 'the store is opening'),
    generation: undefined,
    asks: false,
    last: NOTHING,
  };
  #moved: () => void = () => {};

  get current(): Stage {
    return this.#stage;
  }

  /** Whether the leader asks its followers before it leads, even while nothing is open. */
  get asking(): boolean {
    const stage = this.#stage;
    return stage.name === 'asking' || ('asks' in stage && stage.asks);
  }

  /** The reason why nothing is open; undefined while a generation is. */
  get reason(): HeadwaterError | undefined {
    return 'reason' in this.#stage ? this.#stage.reason : undefined;
  }

  /** The status of the generation that was closed last. */
  get last(): GenerationStatus {
    return 'last' in this.#stage ? this.#stage.last : NOTHING;
  }

  /** Calls `listener` after every move. */
  onMove(listener: () => void): void {
    this.#moved = listener;
  }

  /** Moves on to a generation that is open. */
  open(generation: Generation, { asks }: { asks: boolean }): void {
    const name = asks ? 'asking' : generation.incomplete ? 'incomplete' : 'serving';
    this.#to({ name, generation });
  }

  /** Moves on to a stage in which nothing is served; the generation stays until `drop`. */
  leave(name: AwayName, reason: HeadwaterError): void {
    this.#to({ name, reason, generation: this.#stage.generation, asks: this.asking, last: this.last });
  }

  /** Sets the generation that is being opened. */
  hold(generation: Generation): void {
    this.#replace({ generation });
  }

  /** Releases a generation that is closed. @param last its last status; the status before it if undefined. */
  drop(last: GenerationStatus = this.last): void {
    this.#replace({ generation: undefined, last });
  }

  /** Notes whether the leader asks once the generation that is being opened is open. */
  ask(asks: boolean): void {
    this.#replace({ asks });
  }

  /** A leader that asked does not ask any more. */
  stopAsking(): void {
    const stage = this.#stage;
    if (stage.name === 'asking') this.open(stage.generation, { asks: false });
    else if ('asks' in stage && stage.asks) this.#replace({ asks: false });
  }

  #replace(change: Partial<Away>): void {
    const stage = this.#stage;
    invariant('reason' in stage, `a store that is ${stage.name} keeps its generation`);
    this.#stage = { ...stage, ...change };
  }

  /** @throws InvariantViolation if the table has no such move. */
  #to(stage: Stage): void {
    const { name } = this.#stage;
    invariant(NEXT[name].includes(stage.name), `a store does not go from ${name} to ${stage.name}`);
    this.#stage = stage;
    this.#moved();
  }
}
