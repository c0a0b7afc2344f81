/**
 * Objects written and read over a proxy that fails at random: none is torn, lost or overwritten. HEADWATER_FAULTS sets
 * how many faults there are at least; `npm run bucket` injects 1,000.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { BucketPlace } from '../../src/backup/bucket.js';
import {
  BUCKET,
  type BucketServer,
  FAULTS,
  FaultProxy,
  hasBucketServer,
  NEEDS_BUCKET,
  randomFaults,
  startBucket,
} from '../support/bucket-server.js';
import { removeTemporaryDirectories } from '../support/database.js';
import { Dice } from '../support/dice.js';
import { skipUnless } from '../support/installed.js';
import { seedOfThisRun } from '../support/random.js';

const FAULTS_MIN = Number(process.env.HEADWATER_FAULTS ?? 200);
const FAULT_PERCENT = 40;
const TOGETHER = 16;
/** Every so many objects one is large, in parts. */
const LARGE_EVERY = 50;
const PART_BYTES = 5 * 2 ** 20;

function contentOf(index: number): Buffer {
  const size = index % LARGE_EVERY === 0 ? 2 * PART_BYTES + index : 20_000 + index;
  const block = createHash('sha512').update(String(index)).digest();
  return Buffer.alloc(size, block);
}

async function* inPieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 2 ** 20) yield bytes.subarray(at, at + 2 ** 20);
}

async function readAll(bucket: BucketPlace, name: string): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of bucket.read(name)) pieces.push(piece);
  return Buffer.concat(pieces);
}

describe('a bucket behind a line that fails', function () {
  this.timeout(20 * 60_000);
  let server: BucketServer;

  before(async function () {
    skipUnless(this, hasBucketServer(), NEEDS_BUCKET);
    server = await startBucket();
  });
  after(async () => {
    await server?.close();
    await removeTemporaryDirectories();
  });

  it(`has every object whole, and none replaced, after ${FAULTS_MIN} faults`, async () => {
    const seed = seedOfThisRun();
    const proxy = new FaultProxy(server.port, randomFaults(new Dice(seed), FAULT_PERCENT));
    const url = `s3://${BUCKET}/faults`;
    const bucket = await BucketPlace.open(url, { endpoint: await proxy.listen(), partBytes: PART_BYTES });
    let objects = 0;
    const write = async () => {
      while (proxy.faults < FAULTS_MIN) {
        const index = objects++;
        const name = String(index).padStart(8, '0');
        await bucket.write(name, inPieces(contentOf(index)));
        await assert.rejects(bucket.write(name, inPieces(Buffer.from('another'))), /exists already/, name);
        assert.ok((await readAll(bucket, name)).equals(contentOf(index)), `seed ${seed}: ${name} read back`);
      }
    };
    await Promise.all(Array.from({ length: TOGETHER }, write)).finally(() => proxy.close());
    const direct = await BucketPlace.open(url, { endpoint: server.endpoint });
    const names = await direct.list();
    assert.deepEqual(
      names,
      Array.from({ length: objects }, (_, index) => String(index).padStart(8, '0')),
    );
    for (const [index, name] of names.entries())
      assert.ok((await readAll(direct, name)).equals(contentOf(index)), `seed ${seed}: ${name} is torn`);
    assert.deepEqual([...proxy.counts.keys()].sort(), [...FAULTS].sort(), `seed ${seed}: every kind of fault`);
    console.log(
      `      ${objects} objects, ${proxy.faults} faults: ${JSON.stringify(Object.fromEntries(proxy.counts))}`,
    );
  });
});
