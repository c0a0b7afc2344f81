import assert from 'node:assert/strict';
import { ORIGIN } from '../../src/model/position.js';
import type { SubscriptionEvent, WatchEvent } from '../../src/model/streams.js';
import { PUBLISH, SUBSCRIBE, WATCH } from '../../src/rpc/definitions.js';
import { messageType } from '../support/protocol.js';

const bytes = (text: string): Buffer => Buffer.from(text);
const position = { replicationId: 'cd'.repeat(20), offset: 2 ** 40, checksum: 0xffff_ffff };

describe('the messages of streams', () => {
  it('are on the wire what they were', () => {
    const publication = { channel: bytes('c'), data: bytes(''), durable: true };
    assert.deepEqual(PUBLISH.request.decode(PUBLISH.request.encode(publication)), publication);
    for (const from of [undefined, position, ORIGIN]) {
      const subscription = { channels: [bytes('a'), bytes('')], patterns: [bytes('p*')], from };
      assert.deepEqual(SUBSCRIBE.request.decode(SUBSCRIBE.request.encode(subscription)), subscription);
    }
    for (const from of [undefined, position, 0, 17]) {
      const watch = { prefix: bytes('p'), from };
      assert.deepEqual(WATCH.request.decode(WATCH.request.encode(watch)), watch);
    }
  });

  it('distinguish an empty pattern from none', () => {
    const message = { kind: 'message', channel: bytes('c'), data: bytes('d'), offset: 3, durable: false } as const;
    const events: SubscriptionEvent[] = [
      { ...message, pattern: undefined },
      { ...message, pattern: bytes('') },
      { kind: 'missed', count: 5 },
      { kind: 'missed', count: undefined },
      { kind: 'gap', from: 1, to: 4 },
    ];
    const told = { events, position, more: true };
    assert.deepEqual(SUBSCRIBE.response.decode(SUBSCRIBE.response.encode(told)), told);
  });

  it('carry every kind of change', () => {
    const entry = { key: bytes('k'), value: bytes('v'), expiresAtMs: 5, version: 4, type: 'string' } as const;
    const events: WatchEvent[] = [
      { kind: 'snapshotBegin', position, reason: 'trimmed' },
      { kind: 'entry', ...entry },
      { kind: 'snapshotEnd', position, entries: 1 },
      { kind: 'put', offset: 4, continues: true, ...entry },
      { kind: 'delete', offset: 5, continues: false, key: bytes('k') },
      { kind: 'expire', offset: 6, continues: false, key: bytes(''), expiresAtMs: 0 },
      { kind: 'clear', offset: 7, continues: false },
    ];
    const told = { events, position, more: false };
    assert.deepEqual(WATCH.response.decode(WATCH.response.encode(told)), told);
  });

  it('are refused if a position is malformed, or an event is of a newer version', () => {
    const short = messageType('WatchRequest')
      .encode({ after: { replicationId: Buffer.alloc(3) } })
      .finish();
    assert.throws(() => WATCH.request.decode(Buffer.from(short)), {
      code: 'invalid_argument',
      message: /expected a replication ID of 20 bytes, received 3/,
    });
    const newer = messageType('WatchResponse')
      .encode({ events: [{}], position: { replicationId: Buffer.alloc(20) } })
      .finish();
    assert.throws(() => WATCH.response.decode(Buffer.from(newer)), { code: 'unknown_format' });
  });
});
