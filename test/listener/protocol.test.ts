import assert from 'node:assert/strict';
import { protocolOf } from '../../src/listener/protocol.js';

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const DECIDED_AT = 'PRI * HTTP/2.0'.length;

describe('the protocol of a connection', () => {
  it('is gRPC from the first line of the preface on, and open before', () => {
    for (let count = 0; count <= PREFACE.length; count++) {
      const expected = count < DECIDED_AT ? undefined : 'grpc';
      assert.equal(protocolOf(Buffer.from(PREFACE.slice(0, count))), expected, `${count} bytes`);
    }
  });

  it('is Redis from the first byte that differs from the preface', () => {
    for (let count = 0; count < DECIDED_AT; count++) {
      const bytes = Buffer.from(PREFACE.slice(0, count + 1));
      bytes[count] = (bytes[count] as number) ^ 1;
      assert.equal(protocolOf(bytes), 'redis', `byte ${count}`);
      assert.equal(protocolOf(Buffer.concat([bytes, Buffer.from(PREFACE)])), 'redis', `byte ${count} and more`);
    }
  });

  for (const text of [
    'PING\r\n',
    'PI',
    '*1\r\n$4\r\nPING\r\n',
    '\r\n',
    'pri',
    'PRINT\r\n',
    'PRI\r\n',
    '\x16\x03\x01',
  ]) {
    it(`is Redis for ${JSON.stringify(text)}`, () => assert.equal(protocolOf(Buffer.from(text)), 'redis'));
  }
});
