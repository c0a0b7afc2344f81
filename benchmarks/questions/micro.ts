/**
 * What the parts of the hot path take by themselves, in this process: the codec of the pipeline, the execution, the block
 * with its checksum, and the layer that takes it. Each step has the commands of one message, as under load. A flame graph
 * says where the time goes; this says whether a part has become slower.
 */
import { crc32Of } from '../../src/base/crc32.js';
import { execute } from '../../src/commands/execute.js';
import { Layer } from '../../src/keyspace/layer.js';
import { Block, sealBlock } from '../../src/log/block.js';
import { type Command, TYPE_STRING } from '../../src/model/command.js';
import type { Operation, Reply } from '../../src/model/operation.js';
import {
  decodePipelineRequest,
  decodePipelineResponse,
  encodePipelineRequest,
  encodePipelineResponse,
} from '../../src/protobuf/pipeline.js';
import { PendingView } from '../../src/store/pending-view.js';
import { memoryCopy } from '../measure/floors.js';
import { count, question } from '../question.js';
import { rowsOf } from '../report/report.js';

const REPLICATION_ID = 'ab'.repeat(20);
const LIMITS = { keyBytesMax: 65_536, valueBytesMax: 2 ** 24, transactionBytesMax: 2 ** 25 };
/** All replies are one message. */
const MESSAGE_BYTES = 2 ** 24;
const HOT_KEYS = 100_000;
const KEY_BYTES = 10;
const NS_A_MS = 1e6;

/** One step of the hot path over the commands of a message. */
interface Step {
  readonly figure: string;
  readonly run: () => unknown;
}

export const micro = question({
  name: 'micro',
  sentence: 'What do the parts of the hot path take by themselves?',
  options: {
    commands: count('commands of a message and of its block', 1_000),
    valueBytes: count('bytes of a value', 100),
    messages: count('messages of a round', 300, 2_000),
    rounds: count('rounds that count', 5, 15),
  },
  async measure({ commands, valueBytes, messages, rounds }, run) {
    const steps = stepsOf(commands, valueBytes);
    const times = new Map(steps.map((step): [Step, number[]] => [step, []]));
    // The first round compiles.
    for (let round = -1; round < rounds; round++) {
      run.progress(`round ${Math.max(1, round + 1)}`);
      for (const [step, nanoseconds] of times) {
        const each = timeOf(step, messages) / commands;
        if (round >= 0) nanoseconds.push(each);
      }
    }
    for (const [{ figure }, values] of times) run.add(rowsOf({ figure, unit: 'ns a command', better: 'less' }, values));
    const copyNs = ((valueBytes + KEY_BYTES) / (await memoryCopy()).value) * 1_000;
    run.note(`Floor of the machine: a copy of key and value in memory takes ${copyNs.toFixed(1)} ns.`);
  },
});

/** @returns nanoseconds for one message. */
function timeOf({ run }: Step, messages: number): number {
  const beganMs = performance.now();
  for (let i = 0; i < messages; i++) run();
  return ((performance.now() - beganMs) / messages) * NS_A_MS;
}

function stepsOf(commands: number, valueBytes: number): Step[] {
  return [...codecSteps(commands, valueBytes), ...nodeSteps(commands, valueBytes)];
}

function codecSteps(commands: number, valueBytes: number): Step[] {
  const value = Buffer.alloc(valueBytes, 'x');
  const keys = keysOf(commands);
  const sets = keys.map((key): Operation => ({ kind: 'set', key, value }));
  const gets = keys.map((key): Operation => ({ kind: 'get', key }));
  const setReplies = sets.map((): Reply => ({ kind: 'set', applied: true }));
  const getReplies = gets.map((_, i): Reply => ({ kind: 'get', value, version: i + 1 }));
  const position = { replicationId: REPLICATION_ID, offset: 1_000_000, checksum: 1 };
  const steps: Step[] = [];
  for (const [name, operations, replies] of [
    ['SET', sets, setReplies],
    ['GET', gets, getReplies],
  ] as const) {
    const asked = operations.map((operation) => ({ operation }));
    const request = Buffer.from(encodePipelineRequest(asked));
    const response = Buffer.from(encodePipelineResponse(replies, 0, position, MESSAGE_BYTES).bytes);
    steps.push(
      { figure: `${name}: encode the request`, run: () => encodePipelineRequest(asked) },
      { figure: `${name}: decode the request`, run: () => decodePipelineRequest(request) },
      {
        figure: `${name}: encode the reply`,
        run: () => encodePipelineResponse(replies, 0, position, MESSAGE_BYTES),
      },
      { figure: `${name}: decode the reply`, run: () => decodePipelineResponse(response) },
    );
  }
  return steps;
}

function nodeSteps(commands: number, valueBytes: number): Step[] {
  const value = Buffer.alloc(valueBytes, 'x');
  const keys = keysOf(commands);
  const sets = keys.map((key): Operation => ({ kind: 'set', key, value }));
  const puts = keys.map((key): Command => ({ kind: 'put', key, value, expiresAtMs: 0, type: TYPE_STRING }));
  const seal = () =>
    sealBlock({ commands: puts, previous: { offset: 0, checksum: 1 }, replicationId: REPLICATION_ID, timeMs: 1 });
  const { bytes } = seal();
  const hot = new HotLayer(commands, value);
  return [
    {
      figure: 'SET: execute',
      run: () => {
        const view = new PendingView(1, LIMITS, 1, { base: new Map() });
        for (const operation of sets) execute(operation, view);
      },
    },
    { figure: 'SET: make the block, with its checksum', run: seal },
    { figure: 'checksum of the block alone', run: () => crc32Of(bytes, 0, bytes.length) },
    { figure: `layer: insert, over ${HOT_KEYS} keys`, run: () => hot.insert() },
    { figure: 'layer: insert, new keys into an empty one', run: () => new Layer(0).apply(new Block(bytes)) },
  ];
}

function keysOf(commands: number): Buffer[] {
  return Array.from({ length: commands }, (_, i) => Buffer.from(`key:${i}`.padEnd(KEY_BYTES)));
}

/** A layer with many keys, and blocks that write each of them again and again. */
class HotLayer {
  readonly #layer = new Layer(0);
  readonly #blocks: Block[] = [];
  #next = 0;

  constructor(commands: number, value: Buffer) {
    for (let from = 0; from < HOT_KEYS; from += commands) {
      const puts = Array.from({ length: commands }, (_, i): Command => {
        const key = Buffer.from(`hot:${((from + i) * 7_919) % HOT_KEYS}`.padEnd(KEY_BYTES));
        return { kind: 'put', key, value, expiresAtMs: 0, type: TYPE_STRING };
      });
      const previous = { offset: from, checksum: 1 };
      this.#blocks.push(sealBlock({ commands: puts, previous, replicationId: REPLICATION_ID, timeMs: 1 }));
    }
    for (const _ of this.#blocks) this.insert();
  }

  insert(): void {
    this.#layer.apply(this.#blocks[this.#next++ % this.#blocks.length] as Block);
  }
}
