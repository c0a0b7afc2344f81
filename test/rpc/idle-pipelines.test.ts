/** Pipelines that have nothing to do: they hold no bytes of the messages that were answered. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import path from 'node:path';
import { Node } from '../../src/index.js';
import { encodePipelineRequest } from '../../src/protobuf/pipeline.js';
import { referencedBytes } from '../support/collected.js';
import { removeTemporaryDirectories, temporaryDirectory } from '../support/database.js';
import { set } from './harness.js';

const MiB = 1024 * 1024;
const PIPELINES = 8;

/** The message of one write, as a frame of gRPC. */
function frame(valueBytes: number): Buffer {
  const message = encodePipelineRequest([{ operation: set('a', 'x'.repeat(valueBytes)) }]);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

describe('pipelines that are idle', () => {
  const ends: Array<() => unknown> = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });
  after(removeTemporaryDirectories);

  /** A client of gRPC would keep the last message of each pipeline itself. */
  function open(address: string): http2.ClientHttp2Stream {
    const session = http2.connect(`http://${address}`);
    ends.push(() => session.destroy());
    const pipeline = '/headwater.v1.KeyValueService/Pipeline';
    return session.request({
      ':method': 'POST',
      ':path': pipeline,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
  }

  it('keep nothing of the last message that came in them', async () => {
    const data = path.join(await temporaryDirectory(), 'data');
    // The node keeps no value that it refuses.
    const node = await Node.start({ data, listen: '127.0.0.1:0', valueBytesMax: MiB });
    ends.push(() => node.stop());
    const streams = Array.from({ length: PIPELINES }, () => open(node.address));
    const answered = async (valueBytes: number) => {
      const answers = streams.map((stream) => once(stream, 'data'));
      for (const stream of streams) stream.write(frame(valueBytes));
      await Promise.all(answers);
    };
    await answered(1);
    const before = await referencedBytes();
    await answered(5 * MiB);
    const more = (await referencedBytes()) - before;
    // The node itself has buffers too. A message kept for each pipeline would be five times as much.
    assert(more < PIPELINES * MiB, `${more} bytes more for ${PIPELINES} pipelines`);
  });
});
