/**
 * What a command allocates in a leader, its follower and its client, and the bytes of their connections. The heap
 * profiler of V8 samples what is allocated, garbage too, so neither the machine nor the collector changes it much. A
 * bound is a ratchet: a change that brings a figure down brings its bound down, to about a sixth above the figure.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { removeTemporaryDirectories, temporaryDirectory } from '../support/database.js';

const PROGRAM = path.join(import.meta.dirname, 'sampled.mjs');
const COMMANDS = 40_000;
/** A busy machine cuts messages smaller, and a node has work of its own: the first round within the bounds counts. */
const ROUNDS = 5;
const IN_FLIGHT = 1_000;

/** Bytes a command: on the heap of each process, and in both directions of the connections that it opened. */
const BOUNDS = {
  set: { leader: [730, 0], follower: [110, 122], client: [1_150, 130] },
  get: { leader: [650, 0], client: [1_270, 130] },
} as const;

type Role = keyof (typeof BOUNDS)['set'];

interface Answer {
  readonly address: string;
  readonly allocatedBytes: number;
  readonly passedBytes: number;
}

describe('what a command costs the processes', function () {
  this.timeout(120_000);
  const processes = new Map<Role, ChildProcess>();

  before(async () => {
    const { address } = await start('leader', 'node', await temporaryDirectory());
    await start('follower', 'node', await temporaryDirectory(), address);
    await start('client', 'client', address);
  });

  after(async () => {
    for (const child of processes.values()) child.kill('SIGKILL');
    await removeTemporaryDirectories();
  });

  function start(name: Role, ...args: string[]): Promise<Answer> {
    const child = fork(PROGRAM, args, { execArgv: [] });
    processes.set(name, child);
    return answerOf(child);
  }

  async function answerOf(child: ChildProcess): Promise<Answer> {
    const [answer] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as [Answer | number | null];
    assert(answer instanceof Object, 'the process has ended');
    return answer;
  }

  function tell(name: Role, told: 'begin' | 'end' | object): Promise<Answer> {
    const child = processes.get(name) as ChildProcess;
    child.send(told);
    return answerOf(child);
  }

  for (const kind of ['set', 'get'] as const) {
    it(`is few bytes on their heaps and in their connections for a ${kind}`, async () => {
      const load = { kind, commands: COMMANDS, inFlight: IN_FLIGHT };
      // Compiled code allocates less.
      await tell('client', load);
      const bounds = Object.entries(BOUNDS[kind]) as Array<[Role, readonly [number, number]]>;
      let beyond: string[] = [];
      for (let round = 0; round < ROUNDS && (round === 0 || beyond.length > 0); round++) beyond = await measured();
      assert.deepEqual(beyond, []);

      async function measured(): Promise<string[]> {
        for (const [name] of bounds) await tell(name, 'begin');
        await tell('client', load);
        const found: string[] = [];
        for (const [name, most] of bounds) {
          const { allocatedBytes, passedBytes } = await tell(name, 'end');
          const each = [allocatedBytes, passedBytes].map((bytes) => bytes / COMMANDS);
          if (each.some((bytes, i) => bytes > (most[i] as number)))
            found.push(
              `${name}: ${each.map((bytes) => bytes.toFixed(1))} B allocated and passed, expected ${most} at the most`,
            );
        }
        return found;
      }
    });
  }
});
