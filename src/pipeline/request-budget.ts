/**
 * The memory for requests of clients that have been received and not answered, over both protocols. gRPC says the size of
 * a request before its bytes, so it claims memory in advance (request-memory.ts). The Redis protocol does not, so its
 * connections are read until they hold too much, and one at a time from then on (resp/session/held-requests.ts).
 *
 * Invariant: the bytes of gRPC, those of the Redis protocol, and those that the one request of that protocol may still
 * become which is read alone, are never more than the budget. Each protocol may use what the other does not, and has a
 * part that it always gets, and so have small requests of gRPC. A chunk for each connection, which the connections bound,
 * comes on top. Requests of nodes and operators have memory of their own.
 */
import { RECEIVING_SMALL_PART, REDIS_REQUESTS_PART, REQUESTS_PART_LEAST } from '../base/limits.js';

/** The part of the budget that one protocol has. */
export interface RequestShare {
  /** The most bytes that the protocol may hold now. */
  readonly most: number;
  /** The most bytes with which a large request may still begin. */
  readonly mostLarge: number;
  /** The bytes that a request may become. They have to be free before it is read alone. */
  readonly largestBytes: number;
  /** The option that a person raises for more memory, with its value. Empty if there is none. */
  readonly option: string;
  /** Notes the bytes that the protocol holds now, and those that it may hold without another look. */
  note(bytes: number, committedBytes?: number): void;
  /** Runs `task` when the other protocol holds less than before. */
  onRoom(task: () => void): void;
}

/** The options that decide the size. They may change while the node runs. */
export interface BudgetOptions {
  readonly requestBytesMax: number;
  readonly transactionBytesMax: number;
}

export class RequestBudget {
  readonly #options: BudgetOptions;
  readonly grpc: RequestShare;
  readonly redis: RequestShare;
  #grpcBytes = 0;
  #redisBytes = 0;
  /** Invariant: at least `#redisBytes`. */
  #redisCommittedBytes = 0;

  constructor(options: BudgetOptions) {
    this.#options = options;
    const grpc = new Share(this, {
      most: () => this.bytesMax - Math.max(this.#redisCommittedBytes, this.#partBytes + this.largestBytes),
      mostLarge: () =>
        this.bytesMax - this.#partBytes - this.largestBytes - Math.max(this.#partBytes, this.#redisBytes),
      note: (bytes) => {
        const isLess = bytes < this.#grpcBytes;
        this.#grpcBytes = bytes;
        if (isLess) redis.hasRoom();
      },
    });
    const redis = new Share(this, {
      most: () => {
        const free = this.#largeBytes - this.largestBytes;
        return Math.max(this.#partBytes, Math.min(this.bytesMax * REDIS_REQUESTS_PART, free));
      },
      mostLarge: () => this.#largeBytes,
      note: (bytes, committedBytes) => {
        const isLess = committedBytes < this.#redisCommittedBytes;
        this.#redisBytes = bytes;
        this.#redisCommittedBytes = committedBytes;
        if (isLess) grpc.hasRoom();
      },
    });
    this.grpc = grpc;
    this.redis = redis;
  }

  get bytesMax(): number {
    return this.#options.requestBytesMax;
  }

  get bytes(): number {
    return this.#grpcBytes + this.#redisBytes;
  }

  /** The largest request of the Redis protocol: its parser refuses a larger one. */
  get largestBytes(): number {
    return 2 * this.#options.transactionBytesMax;
  }

  /** The part that the Redis protocol, and that small requests of gRPC always get. */
  get #partBytes(): number {
    return this.bytesMax * REQUESTS_PART_LEAST;
  }

  /** The bytes that gRPC leaves, without the part of its small requests. */
  get #largeBytes(): number {
    return this.bytesMax - this.#partBytes - this.#grpcBytes;
  }
}

interface Rules {
  readonly most: () => number;
  readonly mostLarge: () => number;
  readonly note: (bytes: number, committedBytes: number) => void;
}

class Share implements RequestShare {
  readonly #budget: Pick<RequestBudget, 'bytesMax' | 'largestBytes'>;
  readonly #rules: Rules;
  hasRoom = () => {};

  constructor(budget: Pick<RequestBudget, 'bytesMax' | 'largestBytes'>, rules: Rules) {
    this.#budget = budget;
    this.#rules = rules;
  }

  get most(): number {
    return this.#rules.most();
  }

  get mostLarge(): number {
    return this.#rules.mostLarge();
  }

  get largestBytes(): number {
    return this.#budget.largestBytes;
  }

  get option(): string {
    return `--request-memory, ${this.#budget.bytesMax} bytes`;
  }

  note(bytes: number, committedBytes = bytes): void {
    this.#rules.note(bytes, committedBytes);
  }

  onRoom(task: () => void): void {
    this.hasRoom = task;
  }
}

/** Memory of its own for one kind of requests. A part of it is for small ones alone. */
export function fixedShare(most: number): RequestShare {
  return {
    most,
    mostLarge: most * (1 - RECEIVING_SMALL_PART),
    largestBytes: 0,
    option: '',
    note: () => {},
    onRoom: () => {},
  };
}
