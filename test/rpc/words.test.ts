/** What grpc-js says of a connection, in the words of the command line. */
import assert from 'node:assert/strict';
import * as grpc from '@grpc/grpc-js';
import { fromStatus } from '../../src/rpc/status.js';

const wordsOf = (details: string) =>
  fromStatus({ code: grpc.status.UNAVAILABLE, details, metadata: new grpc.Metadata() }).message;

describe('the words for a failed connection', () => {
  it('of something that is no Headwater node name no time and nothing of grpc-js', () => {
    const details = (time: string) =>
      `No connection established. Last error: Protocol error, ${time}. Resolution note: resolved to 127.0.0.1:80`;
    assert.equal(
      wordsOf(details('10:31:07')),
      'no Headwater node listens there for gRPC. Check HOST:PORT. A port of --redis-listen takes Redis clients alone',
    );
    assert.equal(wordsOf(details('10:31:07')), wordsOf(details('10:31:09')));
  });

  it('leave out how a name was looked up', () => {
    assert.equal(
      wordsOf('No connection established. Last error: read ETIMEDOUT at 10:31. Resolution note: x'),
      'No connection established',
    );
    assert.match(wordsOf('Last error: connect ECONNREFUSED 127.0.0.1:80. Resolution note: x'), /nothing listens on/);
  });
});
