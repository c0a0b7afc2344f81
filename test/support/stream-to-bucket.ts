/** Streams so many bytes into a bucket that keeps nothing, and prints the most memory that the process has had, in KiB. */
import { randomBytes } from 'node:crypto';
import { BucketPlace } from '../../src/backup/bucket.js';

const [endpoint = '', bytes = ''] = process.argv.slice(2);
const PIECE = randomBytes(2 ** 20);

async function* source(): AsyncGenerator<Buffer> {
  for (let left = Number(bytes); left > 0; left -= PIECE.length) yield Buffer.from(PIECE);
}

const bucket = await BucketPlace.open('s3://bucket/large', { endpoint });
await bucket.write('large', source());
console.log(process.resourceUsage().maxRSS);
