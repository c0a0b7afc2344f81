/** The one reader of messages for all Redis subscribers: it begins again by itself, and counts what it cannot tell. */
import assert from 'node:assert/strict';
import { eventually } from '../../benchmarks/waiting.js';
import { systemClock } from '../../src/base/clock.js';
import { HeadwaterError } from '../../src/base/errors.js';
import { silentLogger } from '../../src/base/logger.js';
import type { SubscriptionEvent, Told } from '../../src/model/streams.js';
import { ChannelReader } from '../../src/resp/channels/channel-reader.js';

/** The texts of a stream, and its end: a failure, or none. */
type Stream = Array<string | HeadwaterError | undefined>;

const UNAVAILABLE = new HeadwaterError('unavailable', 'a full resync has replaced the data');
const position = { replicationId: '', offset: 0, checksum: 0 };

function told(...texts: string[]): Told<SubscriptionEvent> {
  const events = texts.map((text) => ({
    kind: 'message' as const,
    channel: Buffer.from('a'),
    data: Buffer.from(text),
    pattern: undefined,
    offset: 0,
    durable: false,
  }));
  return { events, position, more: false };
}

/** A reader of the given streams, each of which ends or fails. The last one goes on for ever. */
function readerOf(streams: Stream[]) {
  const heard: string[] = [];
  let broken = 0;
  const reader = new ChannelReader({
    clock: systemClock,
    logger: silentLogger,
    streams: {
      async *subscribe(_, signal) {
        const [first, ...rest] = streams.shift() ?? ['begun'];
        if (first instanceof HeadwaterError) throw first;
        yield told();
        for (const item of rest) {
          if (item === undefined) return;
          if (item instanceof HeadwaterError) throw item;
          yield told(item);
        }
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      },
    },
    deliver: async (events) => {
      for (const event of events) if (event.kind === 'message') heard.push(String(event.data));
    },
    broken: () => broken++,
  });
  return { reader, heard, broken: () => broken };
}

describe('the reader of channels', () => {
  it('begins again when the stream ends, and counts the breaks', async () => {
    const { reader, heard, broken } = readerOf([
      ['begun', 'one', UNAVAILABLE],
      [UNAVAILABLE],
      ['begun', 'two', new HeadwaterError('lost_branch', 'left')],
      ['begun', 'three', undefined],
      ['begun', 'four'],
    ]);
    await reader.begin();
    await eventually('the last message', async () => heard.includes('four'));
    assert.deepEqual([heard, reader.breaks, broken(), reader.isReading], [['one', 'two', 'three', 'four'], 3, 3, true]);
    reader.end();
  });

  it('refuses those that wait if the stream does not begin, and takes those that ask later', async () => {
    const { reader } = readerOf([[UNAVAILABLE]]);
    const both = [reader.begin(), reader.begin()];
    for (const begun of both) await assert.rejects(begun, UNAVAILABLE);
    assert.equal(reader.isReading, false);
    await reader.begin();
    assert.equal(reader.breaks, 0);
    reader.end();
    assert.equal(reader.isReading, false);
  });
});
