/** What gRPC says of a connection that failed, as a person reads it in errors, logs and the status of a node. */
import assert from 'node:assert/strict';
import * as grpc from '@grpc/grpc-js';
import { fromStatus } from '../../src/rpc/status.js';

function unavailable(details: string): grpc.StatusObject {
  return { code: grpc.status.UNAVAILABLE, details, metadata: new grpc.Metadata() };
}

describe('a connection that failed', () => {
  const CASES: ReadonlyArray<readonly [what: string, details: string, says: string]> = [
    [
      'a name without a host',
      'Name resolution failed for target dns:db.invalid:7420',
      'there is no host of the name in db.invalid:7420',
    ],
    [
      'a port on which nobody listens',
      'No connection established. Last error: connect ECONNREFUSED 127.0.0.1:1 (2026-01-01T00:00:00.000Z)',
      'nothing listens on 127.0.0.1:1 (connection refused)',
    ],
    [
      'a network without a way to it',
      'No connection established. Last error: connect EHOSTUNREACH 10.0.0.1:7420 (2026-01-01T00:00:00.000Z)',
      '10.0.0.1:7420 cannot be reached (EHOSTUNREACH)',
    ],
    ['a call that was given up', 'Cancelled on client', 'the caller cancelled the call'],
    [
      'a call that took too long',
      'Deadline exceeded after 1.000s,LB pick: 0.001s,remote_addr=127.0.0.1:7420',
      'no answer within 1000 ms',
    ],
    ['anything else, as it is', 'Connection dropped', 'Connection dropped'],
  ];
  for (const [what, details, says] of CASES) {
    it(`says in a few words: ${what}`, () => {
      const error = fromStatus(unavailable(details));
      assert.deepEqual([error.code, error.message], ['unreachable', says]);
    });
  }
});
