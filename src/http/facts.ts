/** The facts that the metrics show, gathered once for a scrape. */
import type { NodeStatus } from '../model/status.js';
import type { UserLimits } from '../model/user.js';
import type { StoreFigures } from '../store/store-figures.js';
import type { HttpCounts } from './http-counts.js';
import type { ProcessFigures } from './process-figures.js';

/** The values of a histogram. */
export interface HistogramValues {
  /** The upper ends of the ranges, in growing order. */
  readonly bounds: readonly number[];
  /** The number of observations up to each bound, and of all observations last. */
  readonly cumulative: readonly number[];
  readonly sum: number;
}

/** The calls of one gRPC method. */
interface MethodFigures {
  readonly service: string;
  readonly method: string;
  readonly type: string;
  readonly started: number;
  readonly codes: ReadonlyArray<readonly [code: string, calls: number]>;
  readonly seconds: HistogramValues;
}

/** The calls of one command of the Redis protocol. */
interface CommandFigures {
  /** Calls that ran, with those that were answered with an error. */
  readonly calls: number;
  readonly microseconds: number;
  /** Requests that were refused before the command ran. */
  readonly rejected: number;
  readonly failed: number;
}

/** The clients of the Redis protocol. */
interface RedisFigures {
  readonly requestBytes: number;
  readonly counts: {
    readonly connections: number;
    readonly commands: number;
    readonly errors: ReadonlyMap<string, number>;
    readonly calls: { readonly named: ReadonlyArray<readonly [name: string, count: CommandFigures]> };
    readonly bytes: { readonly read: number; readonly written: number };
  };
}

/** The facts that the node gathers. The port adds the others. */
export interface NodeFigures {
  readonly status: NodeStatus;
  readonly store: StoreFigures;
  readonly rpc: {
    readonly methods: readonly MethodFigures[];
    /** The operations in pipelines, by kind, and their errors, by code. */
    readonly operations:
      | { readonly kinds: ReadonlyMap<string, number>; readonly errors: ReadonlyMap<string, number> }
      | undefined;
    readonly requestBytes: number;
    readonly nodeReplyBytes: number;
  };
  readonly redis: RedisFigures;
  /** The bound on the requests of clients in memory, over both protocols. */
  readonly requestBytesMax: number;
  /** Bytes of replies to clients of both protocols. */
  readonly replyBytes: number;
  /** The requests and connections that the limits of users have refused, by the limit. */
  readonly refusedByLimits: Readonly<Record<keyof UserLimits, { readonly count: number }>>;
  /** Commands that the slow log has recorded. */
  readonly slowCommands: number;
  readonly eventLoopSeconds: HistogramValues;
  readonly backups: { readonly running: number; readonly completed: number; readonly completedMs: number };
  /** The time of the oldest write that the archive lacks. Undefined if there is none. */
  readonly archiveLackingSinceMs: number | undefined;
  /** The room of a follower that goes away now. Undefined values have no bound. */
  readonly headroom: { readonly leftBytes: number | undefined; readonly ms: number | undefined };
  /** The certificates of TLS. Empty without TLS. */
  readonly certificates: ReadonlyArray<{ readonly name: string; readonly notAfterMs: number }>;
}

export interface MetricFacts extends NodeFigures {
  readonly isReady: boolean;
  readonly process: ProcessFigures;
  readonly http: { readonly connections: number; readonly counts: HttpCounts };
  readonly nowMs: number;
}
