/**
 * The reasons for which a node refuses writes for a while: it follows another one, the disk has no room, or too few
 * followers have caught up.
 * Reads are answered all the same. In a cluster, answers may wait for the nodes that may lead next,
 * and leave no more once the leader's term is over.
 */
import type { HeadwaterError } from '../base/errors.js';
import type { LeadershipTerm } from './leadership-term.js';
import { readOnlyFollower } from './refusals.js';
import type { Space } from './space.js';

type GuardingTerm = Pick<LeadershipTerm, 'electionMs' | 'holder' | 'look' | 'whyNoElection'>;

export class WriteGuards {
  readonly #space: Pick<Space, 'refusal' | 'refusalOf'>;
  readonly #term: GuardingTerm;
  #guard: (() => HeadwaterError | undefined) | undefined;
  #mayAnswer: ((offset: number) => Promise<void>) | undefined;

  constructor(space: Pick<Space, 'refusal' | 'refusalOf'>, term: GuardingTerm) {
    this.#space = space;
    this.#term = term;
  }

  /** The reason why this node, which has led in a cluster, may answer no write any more. Undefined if it may. */
  get termOver(): HeadwaterError | undefined {
    return this.#term.look();
  }

  /** Sets the guard. The error that it returns refuses writes. A leader calls it once for each message that writes. */
  set(guard: () => HeadwaterError | undefined): void {
    this.#guard = guard;
  }

  /** @param mayAnswer resolves when a write up to an offset may be answered. */
  holdAnswers(mayAnswer: (offset: number) => Promise<void>): void {
    this.#mayAnswer = mayAnswer;
  }

  /** Resolves when a write up to an offset may be answered. Undefined if it may as soon as it is appended. */
  get mayAnswer(): ((offset: number) => Promise<void>) | undefined {
    return this.#mayAnswer;
  }

  /** The reason why a follower takes no writes, with the leader of its cluster if that is known. */
  ofFollower(upstream: string): HeadwaterError {
    return readOnlyFollower(upstream, this.#term);
  }

  /** The reason why no writes are taken now, undefined if they are. */
  get refusal(): HeadwaterError | undefined {
    return this.#space.refusal ?? this.#guard?.();
  }

  /** Returns `refusal` for a writer of so many bytes. */
  refusalOf(bytes: number): HeadwaterError | undefined {
    return this.#space.refusalOf(bytes) ?? this.#guard?.();
  }
}
