/** The memory of the requests of one client: large ones count until they are answered, and small ones never do. */
import assert from 'node:assert/strict';
import { RequestParser } from '../../src/resp/codec/request-parser.js';
import { Intake } from '../../src/resp/session/intake.js';
import { request } from './door.js';

const MiB = 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;
const LIMITS = { argumentBytesMax: 16 * MiB, requestBytesMax: 64 * MiB };

describe('the requests that a Redis client has sent', () => {
  let noted: number;
  let intake: Intake;

  beforeEach(() => {
    noted = 0;
    const memory = { note: (_holder: object, bytes: number) => (noted = bytes) };
    const holder = { setHeldBack() {}, isIdle: () => false, drop() {} };
    intake = new Intake(new RequestParser(LIMITS), memory, holder);
  });

  function receive(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) intake.receive(bytes.subarray(at, at + CHUNK_BYTES));
  }

  const note = (unanswered: number, queuedBytes = 0) =>
    intake.note({ unanswered, isReading: unanswered === 0, queuedBytes });

  it('count while they are incomplete, and then until all are done with', () => {
    const set = request('SET', 'k', Buffer.alloc(4 * MiB));
    receive(set.subarray(0, -1));
    note(0);
    assert(noted >= 4 * MiB && noted <= 8 * MiB + CHUNK_BYTES);
    receive(set.subarray(-1));
    note(0);
    assert(noted >= 4 * MiB, 'the request is complete and waits');
    intake.advance();
    intake.settle();
    note(1);
    assert(noted >= 4 * MiB, 'the request waits for its answer');
    note(0);
    assert.equal(noted, 0);
    note(0, 1_000);
    assert.equal(noted, 1_000, 'commands wait for EXEC');
    intake.end();
    assert.equal(noted, 0);
    note(0, 1_000);
    assert.equal(noted, 0, 'nothing counts behind the end');
  });

  it('count one by one, until each is answered', () => {
    const set = request('SET', 'k', Buffer.alloc(MiB));
    for (let i = 0; i < 3; i++) {
      receive(set);
      intake.advance();
      intake.settle();
    }
    note(3);
    assert(noted >= 3 * MiB);
    note(2);
    assert(noted >= 2 * MiB && noted < 3 * MiB);
    note(1);
    assert(noted >= MiB && noted < 2 * MiB);
    receive(set.subarray(0, MiB / 2));
    note(0);
    assert(noted >= MiB / 2 && noted < MiB, 'the next request has begun');
  });

  it('do not count if they are no larger than a chunk', () => {
    intake.receive(Buffer.from('GET a\r\n'.repeat(1_000)));
    note(1);
    assert.equal(noted, 0);
  });

  it('have the bytes of their arguments, whichever stand beside them in the chunk', () => {
    const small = request('GET', 'k');
    receive(Buffer.concat([request('SET', 'k', Buffer.alloc(4 * MiB)), ...Array.from({ length: 100 }, () => small)]));
    assert.equal(intake.place, 0);
    intake.advance();
    assert.equal(intake.bytesSince(0), 'SETk'.length + 4 * MiB);
    intake.advance();
    assert.equal(intake.bytesSince(1), 'GETk'.length);
  });

  it('share the bytes of a chunk if all are small', () => {
    intake.receive(Buffer.from('GET a\r\n'.repeat(10)));
    for (let i = 0; i < 4; i++) intake.advance();
    assert.equal(intake.bytesSince(0), 28);
  });
});
