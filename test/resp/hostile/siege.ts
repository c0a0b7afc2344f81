/**
 * Redis clients that mean harm, or behave as if they did, against a node as people start it: its memory stays bounded,
 * others are answered, and a stop and a restart lose nothing. HEADWATER_HOSTILE=1 takes the sizes of the documents.
 */
import assert from 'node:assert/strict';
import net from 'node:net';
import { Cluster, type Daemon } from '../../support/cluster.js';
import { Wire } from '../door.js';

export const KiB = 1024;
export const MiB = 1024 * KiB;
const IS_BIG = process.env.HEADWATER_HOSTILE !== undefined;
export const SIZES = IS_BIG
  ? {
      pipeline: 1_000_000,
      halves: 500,
      halfBytes: 2 * MiB,
      transactions: 300,
      readers: 300,
      slow: 200,
      connections: 10_000,
    }
  : { pipeline: 50_000, halves: 24, halfBytes: 3 * MiB, transactions: 20, readers: 40, slow: 10, connections: 200 };
/** A node at rest has about 100 MiB. The bounds of requests, of replies and of queues come to 320 MiB beside it. */
const RESIDENT_BYTES_MAX = 900 * MiB;

/** A node for the tests of a suite, and connections to it, which end with their test. */
export class Siege {
  #cluster!: Cluster;
  #node!: Daemon;
  #sockets: net.Socket[] = [];

  constructor(suite: Mocha.Suite) {
    suite.timeout(IS_BIG ? 600_000 : 90_000);
    suite.beforeAll(async () => {
      this.#cluster = new Cluster();
      this.#node = await this.#cluster.node('node');
      await this.#node.start();
    });
    suite.afterEach(() => {
      for (const socket of this.#sockets.splice(0)) socket.destroy();
    });
    suite.afterAll(() => this.#cluster[Symbol.asyncDispose]());
  }

  get node(): Daemon {
    return this.#node;
  }

  connect(): net.Socket {
    const socket = net.connect(this.#node.port, '127.0.0.1');
    socket.on('error', () => {});
    this.#sockets.push(socket);
    return socket;
  }

  open(): Wire {
    return new Wire(this.connect());
  }

  async assertAnswers(): Promise<void> {
    const wire = this.open();
    await wire.asks('PING', '+PONG\r\n');
    wire.socket.destroy();
  }

  assertBounded(): void {
    const bytes = this.#node.memoryBytes('VmHWM');
    if (process.env.HEADWATER_SHOW) console.log(`${Math.round(bytes / MiB)} MiB`);
    assert(bytes < RESIDENT_BYTES_MAX, `${Math.round(bytes / MiB)} MiB resident`);
    assert.doesNotMatch(this.#node.log, /"level":"fatal"|failed unexpectedly/);
  }
}
