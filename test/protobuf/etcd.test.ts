/** The messages of etcd's API, held against protobufjs, which reads the same .proto files by itself. */
import assert from 'node:assert/strict';
import path from 'node:path';
import protobuf from 'protobufjs';
import { HeadwaterError } from '../../src/base/errors.js';
import { etcdCodec } from '../../src/protobuf/etcd.js';

const FOLDER = path.join(import.meta.dirname, '../../src/protobuf/etcd');

const root = new protobuf.Root();
root.resolvePath = (_, file) => path.join(FOLDER, path.basename(file));
root.loadSync('rpc.proto');

/** The fields as protobufjs reads them, 64-bit integers as decimal text. */
function readBy(type: string, bytes: Buffer): object {
  const found = root.lookupType(type);
  return found.toObject(found.decode(bytes), { longs: String, enums: String });
}

describe('the messages of etcd', () => {
  it('hold all 64 bits of revisions, leases and IDs, and a negative watch', () => {
    const header = { clusterId: 2n ** 64n - 1n, memberId: 2n ** 63n, revision: 2n ** 53n + 1n, raftTerm: 1n };
    const { encode, decode } = etcdCodec('WatchResponse');
    const response = {
      header,
      watchId: -1n,
      created: true,
      canceled: false,
      compactRevision: 0n,
      cancelReason: '',
      events: [],
    };
    assert.deepEqual(decode(encode(response)), response);
    assert.deepEqual(readBy('etcdserverpb.WatchResponse', encode(response)), {
      header: {
        clusterId: '18446744073709551615',
        memberId: '9223372036854775808',
        revision: '9007199254740993',
        raftTerm: '1',
      },
      watchId: '-1',
      created: true,
    });
  });

  it('are written as protobufjs reads them, with the words of enums and the members of oneofs', () => {
    const lease = 2n ** 63n - 1n;
    const key = Buffer.from('k');
    const compare = { key, result: 'not_equal', target: 'lease', lease } as const;
    const bytes = etcdCodec('TxnRequest').encode({
      compare: [compare],
      success: [
        { kind: 'requestPut', key, value: Buffer.from('v'), lease },
        { kind: 'requestDeleteRange', key, rangeEnd: Buffer.alloc(0) },
      ],
      failure: [{ kind: 'requestRange', key, rangeEnd: Buffer.alloc(1) }],
    });
    assert.deepEqual(readBy('etcdserverpb.TxnRequest', bytes), {
      compare: [{ result: 'NOT_EQUAL', target: 'LEASE', key, lease: '9223372036854775807' }],
      success: [
        { requestPut: { key, value: Buffer.from('v'), lease: '9223372036854775807' } },
        { requestDeleteRange: { key } },
      ],
      failure: [{ requestRange: { key, rangeEnd: Buffer.alloc(1) } }],
    });
  });

  it('refuse a number that an enum does not have', () => {
    // Field 1 of an event, as the number 9.
    assert.throws(
      () => etcdCodec('Event').decode(Buffer.from([8, 9])),
      (error) =>
        HeadwaterError.is(error, 'unknown_format') && /Event\.type: expected .* received 9/.test(error.message),
    );
  });

  it('are named by their package when they are damaged', () => {
    assert.throws(() => etcdCodec('RangeResponse').decode(Buffer.from([10, 99])), /etcdserverpb\.RangeResponse/);
  });
});
