/**
 * Streams so many bytes into a bucket that keeps nothing, and prints the most memory that the process has had, in KiB. It
 * runs the compiled source, as a command does.
 */
import { randomBytes } from 'node:crypto';
import { BucketPlace } from '../../dist/src/backup/bucket.js';

const [endpoint = '', bytes = ''] = process.argv.slice(2);
const PIECE = randomBytes(2 ** 20);

async function* source() {
  for (let left = Number(bytes); left > 0; left -= PIECE.length) yield Buffer.from(PIECE);
}

const bucket = await BucketPlace.open('s3://bucket/large', { endpoint });
await bucket.write('large', source());
console.log(process.resourceUsage().maxRSS);
