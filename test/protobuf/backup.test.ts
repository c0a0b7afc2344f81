import assert from 'node:assert/strict';
import { ORIGIN } from '../../src/model/position.js';
import {
  decodeBackupEnd,
  decodeBackupHead,
  decodeBackupRequest,
  decodeBackupResponse,
  encodeBackupEnd,
  encodeBackupHead,
  encodeBackupRequest,
  encodeBackupResponse,
} from '../../src/protobuf/backup.js';

describe('the messages of backups', () => {
  it('come back as they went', () => {
    const request = { backupId: 'ab', chunk: 17 };
    assert.deepEqual(decodeBackupRequest(encodeBackupRequest(request)), request);
    assert.deepEqual(decodeBackupRequest(Buffer.alloc(0)), { backupId: '', chunk: 0 });
    const response = { backupId: 'ab', chunk: 3, bytes: Buffer.from('x'), more: true, last: false, keys: 2 ** 40 };
    assert.deepEqual(decodeBackupResponse(encodeBackupResponse(response)), response);
    const replicationId = 'ab'.repeat(20);
    const head = {
      position: { replicationId, offset: 2 ** 50, checksum: 0xffff_ffff },
      timeMs: 1_700_000_000_000,
      lineage: [{ replicationId, firstOffset: 1, checksum: 0, epoch: 3 }],
      clusterId: 'c',
      nodeId: 'n',
      madeMs: 1_700_000_000_001,
      keysEstimate: 5,
      compression: 'lz4',
      recordFormat: 1,
    };
    assert.deepEqual(decodeBackupHead(encodeBackupHead(head)), head);
    const empty = { ...head, position: ORIGIN, lineage: [], clusterId: '' };
    assert.deepEqual(decodeBackupHead(encodeBackupHead(empty)), empty);
    const end = { keys: 5, digest: Buffer.alloc(32, 1), chunks: 2, sha256: Buffer.alloc(32, 2) };
    assert.deepEqual(decodeBackupEnd(encodeBackupEnd(end)), end);
  });

  it('that are none are refused', () => {
    assert.throws(() => decodeBackupRequest(Buffer.from([0xff])), {
      code: 'invalid_argument',
      message: /BackupRequest/,
    });
  });
});
