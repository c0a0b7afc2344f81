/**
 * Clients that come to a node with what it may not have yet: session reads, one
 * behind the other on one pipeline, and streams from a history that nobody has
 * heard of. Each read has its answer within its own time, and a stream is never
 * without a word.
 */
import { HeadwaterError } from '../../../src/base/errors.js';
import { RESUME_WAIT_MS_MAX, SIGN_OF_LIFE_MS } from '../../../src/base/limits.js';
import { SIGN_OF_LIFE, SignsOfLife } from '../../../src/base/signs-of-life.js';
import type { Operation, Reply } from '../../../src/model/operation.js';
import type { Position } from '../../../src/model/position.js';
import { NO_TAP } from '../../../src/pipeline/monitors.js';
import type { PipelineStore } from '../../../src/pipeline/pipeline.js';
import { noSlowLog } from '../../../src/pipeline/slow-log.js';
import { decodePipelineResponse, encodePipelineRequest } from '../../../src/protobuf/pipeline.js';
import { OperationCounts } from '../../../src/rpc/operation-counts.js';
import { type GrpcStream, servePipeline } from '../../../src/rpc/pipeline-stream.js';
import { Streams } from '../../../src/streams/streams.js';
import { Violation } from '../checks/history.js';
import { CHANNEL } from '../clients/stream-readers.js';
import type { SimulatedNode } from '../nodes/node.js';
import type { Simulation } from '../simulation.js';
import type { Event } from './event.js';

export const SESSION_READS: Event = { name: 'session reads', weight: 4, run: readSession };
export const UNKNOWN_HISTORY: Event = { name: 'stream from an unknown history', weight: 4, run: streamFromUnknown };

/** Messages that are sent at once, each with so much time. */
const READS = 6;
const WITHIN_MS = 400;
/** What disks and turns take beside. */
const SPARE_MS = 600;
/** Longest time between two words of a stream. */
const WORD_MS = SIGN_OF_LIFE_MS + SPARE_MS;

const READ = { operation: { kind: 'get', key: 'k' } } as const;

/** Of a history that never was. */
function unknown(simulation: Simulation): Position {
  const replicationId = simulation.dice.bytes(20).toString('hex');
  return { replicationId, offset: 1 + Math.floor(simulation.dice.random() * 20), checksum: 1 };
}

/** Whether the process that the client came to still runs. */
function lifeOf(node: SimulatedNode): () => boolean {
  const { replication } = node;
  return () => node.state === 'up' && node.replication === replication;
}

// ---- session reads --------------------------------------------------------------

function readSession(simulation: Simulation): boolean {
  const node = simulation.any(({ isServing }) => isServing);
  const atLeast = simulation.dice.chance(0.5) ? unknown(simulation) : simulation.readers.recentToken();
  if (!node || !atLeast) return false;
  simulation.work.begin(`${READS} reads of at least offset ${atLeast.offset}`, node, () =>
    reads(simulation, node, atLeast),
  );
  return true;
}

function reads(simulation: Simulation, node: SimulatedNode, atLeast: Position): Promise<void> {
  const { store, clock, freshness } = node;
  const isAlive = lifeOf(node);
  return new Promise((resolve, reject) => {
    let answers = 0;
    const stop = new AbortController();
    const stream = new ReaderStream(stop.signal, (replies) => {
      answers += replies.length;
      if (answers < READS) return;
      simulation.journal.count('session reads in time');
      cancel();
      stop.abort();
      resolve();
    });
    // The node's clock: with its process goes the timer.
    const cancel = clock.after(WITHIN_MS + SPARE_MS, () => {
      stop.abort();
      if (!isAlive()) return resolve();
      const message = `a read waits no longer than its own time: ${answers} of ${READS} at ${node.address} had an answer after ${WITHIN_MS + SPARE_MS} ms, each has ${WITHIN_MS} ms`;
      reject(new Violation(message));
    });
    const guarantees = { durability: NEVER_ASKED, freshness };
    const notes = { clock, tap: NO_TAP, counts: new OperationCounts(), slowLog: noSlowLog(clock) };
    servePipeline(stream, answering(store), guarantees, notes).catch((error: unknown) => {
      // A client that goes ends the call.
      if (!stop.signal.aborted) reject(error);
    });
    const asked = { durability: undefined, freshness: { atLeast, maxStalenessMs: 0, withinMs: WITHIN_MS } };
    for (let i = 0; i < READS; i++) stream.send(encodePipelineRequest([READ], asked));
  });
}

const NEVER_ASKED = {
  reach: (): never => {
    throw new Violation('a read asks for no durability');
  },
};

/** How long a node looks for freshness is what is measured: all else is answered at once. */
function answering({ writes: { limits }, data: { position } }: SimulatedNode['store']): PipelineStore {
  const reply: Reply = { kind: 'get', value: undefined, version: 0 };
  return {
    limits,
    queuedBytes: 0,
    whenQueueBelow: async () => {},
    submit: async (operations: readonly Operation[]) => ({ replies: operations.map(() => reply), position }),
  };
}

/** A pipeline's stream; what is sent while it is not read stays with the client. */
class ReaderStream implements GrpcStream {
  readonly call;
  readonly sending = { bytes: 0, below: async () => {} };
  readonly #answered: (replies: readonly Reply[]) => void;
  readonly #unread: Buffer[] = [];
  #isPaused = false;
  #take: (message: Buffer) => void = () => {};

  constructor(signal: AbortSignal, answered: (replies: readonly Reply[]) => void) {
    this.#answered = answered;
    this.call = {
      peer: 'a reader',
      signal,
      onCancelled: (task: () => void) => signal.addEventListener('abort', task),
      onStopping: () => {},
      report: () => {},
      intake: {},
    };
  }

  send(message: Buffer): void {
    this.#unread.push(message);
    queueMicrotask(() => this.#deliver());
  }

  receive(take: (message: Buffer) => void): void {
    this.#take = take;
  }

  /** Nothing that comes here is beyond what a node receives at a time. */
  onRefused(): void {}

  taken(): void {}

  async drained(): Promise<void> {}

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    if (this.#unread.length > 0) queueMicrotask(() => this.#deliver());
  }

  write(message: Buffer): boolean {
    this.#answered(decodePipelineResponse(message).replies);
    return true;
  }

  #deliver(): void {
    const message = this.#isPaused ? undefined : this.#unread.shift();
    if (!message) return;
    this.#take(message);
    queueMicrotask(() => this.#deliver());
  }
}

// ---- streams from an unknown history ----------------------------------------------

function streamFromUnknown(simulation: Simulation): boolean {
  const node = simulation.any(({ isServing }) => isServing);
  if (!node) return false;
  const from = unknown(simulation);
  const isWatch = simulation.dice.chance(0.5);
  const name = `${isWatch ? 'watch' : 'subscribe'} from a history that nobody knows`;
  simulation.work.begin(name, node, async () => {
    const stop = new AbortController();
    const streams = new Streams({ store: node.store, clock: node.clock });
    const items = isWatch
      ? streams.watch({ prefix: Buffer.alloc(0), from }, stop.signal)
      : streams.subscribe({ channels: [CHANNEL], patterns: [], from }, stop.signal);
    await answered(simulation, node, new SignsOfLife<{ events: readonly unknown[] }>(items, node.clock));
    stop.abort(new HeadwaterError('cancelled', 'the client has gone'));
  });
  return true;
}

/** Resolves with the first event, or the refusal; or when the node is gone. */
function answered(
  simulation: Simulation,
  node: SimulatedNode,
  items: SignsOfLife<{ readonly events: readonly unknown[] }>,
): Promise<void> {
  const { clock } = node;
  const isAlive = lifeOf(node);
  const beganMs = clock.monotonicMs();
  return new Promise((resolve, reject) => {
    let cancel = () => {};
    const silent = () => {
      if (!isAlive()) return resolve();
      reject(new Violation(`a stream never waits without a word: ${node.address} was silent for ${WORD_MS} ms`));
    };
    const expectWord = () => {
      cancel();
      cancel = clock.after(WORD_MS, silent);
    };
    const read = async () => {
      for await (const item of items) {
        expectWord();
        if (item !== SIGN_OF_LIFE && item.events.length > 0) return;
        if (isAlive() && clock.monotonicMs() - beganMs > RESUME_WAIT_MS_MAX + 2 * WORD_MS)
          throw new Violation(`a stream from an unknown history is answered: ${node.address} only gives signs of life`);
      }
    };
    expectWord();
    read()
      .catch((error) => {
        if (!HeadwaterError.is(error)) throw error;
      })
      .finally(() => cancel())
      .then(() => simulation.journal.count('stream from an unknown history answered'))
      .then(resolve, reject);
  });
}
