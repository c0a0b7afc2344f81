/** The loops of a client over the streams of a real node, cut inside a large block: each event comes once. */
import assert from 'node:assert/strict';
import { HeadwaterError } from '../../src/base/errors.js';
import { Client } from '../../src/client/client.js';
import { type StreamDoor, streamService } from '../../src/rpc/stream-service.js';
import { Streams } from '../../src/streams/streams.js';
import { FakeStore } from '../rpc/fake-store.js';
import { closeAll, closing, serve } from '../rpc/harness.js';
import { removeTemporaryDirectories } from '../support/database.js';
import { set } from '../support/store.js';
import { World } from '../support/world.js';

const KEYS = 24;

/** Streams of a node that break, again and again, behind so many responses. */
class Breaking implements StreamDoor {
  readonly #streams: Streams;
  begun = 0;
  after = 0;

  constructor(streams: Streams) {
    this.#streams = streams;
  }

  async *#cut<Told>(told: AsyncIterable<Told>): AsyncGenerator<Told> {
    let left = ++this.begun > 3 ? Number.POSITIVE_INFINITY : this.after;
    for await (const one of told) {
      yield one;
      if (--left === 0) throw new HeadwaterError('unavailable', 'cut by the test');
    }
  }

  subscribe(...args: Parameters<Streams['subscribe']>) {
    return this.#cut(this.#streams.subscribe(...args));
  }

  watch(...args: Parameters<Streams['watch']>) {
    return this.#cut(this.#streams.watch(...args));
  }
}

describe('a watch that is cut inside a block of several responses', () => {
  let world: World;
  let door: Breaking;
  let db: Client;

  beforeEach(async () => {
    world = new World();
    const node = await world.node('a:1');
    await node.write(2, 'before');
    // One block, of which a response holds a part.
    await node.test.submit(...Array.from({ length: KEYS }, (_, i) => set(`k${i}`, 'v'.repeat(50_000))));
    await node.write(1, 'end');
    door = new Breaking(new Streams({ store: node.store, clock: world.clock }));
    const store = new FakeStore();
    const { address } = await serve(store, { services: [streamService(door, { publish: async () => 0 }, store)] });
    db = closing(await Client.connect(address));
  });

  afterEach(async () => {
    await closeAll();
    await world.stop();
  });

  after(removeTemporaryDirectories);

  async function offsets(from: number): Promise<number[]> {
    const came: number[] = [];
    for await (const item of db.watch({ from })) {
      if (item.kind !== 'put') continue;
      came.push(item.offset);
      if (item.key === 'end0') break;
    }
    return came;
  }

  for (const from of [0, 7]) {
    for (const responses of [1, 2, 3, 4]) {
      it(`has each change once, from offset ${from} on, cut behind ${responses} responses`, async () => {
        door.after = responses;
        const all = Array.from({ length: KEYS + 3 }, (_, i) => i + 1);
        assert.deepEqual(
          await offsets(from),
          all.filter((offset) => offset > from),
        );
        assert(door.begun > 1, 'it was cut');
      });
    }
  }
});
