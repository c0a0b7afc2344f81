/** Checks a backup as a restore would, without a data directory. */
import { HeadwaterError } from '../base/errors.js';
import { unknownFormat } from '../base/unknown-format.js';
import { KeyspaceDigest } from '../keyspace/digest.js';
import { unpackEntries } from '../keyspace/entry-packer.js';
import { RECORD_FORMAT } from '../keyspace/record.js';
import type { BackupHead } from '../model/backup.js';
import { named, readBackup } from './reader.js';

/** A backup that is whole. */
export interface VerifiedBackup {
  readonly head: BackupHead;
  readonly keys: number;
  /** 64 hexadecimal characters. */
  readonly digest: string;
}

/**
 * Reads the whole file, and verifies every checksum, every record, the order and the number of the keys, and the digest.
 * @param onProgress called with the number of keys so far, and an estimate of all.
 * @throws HeadwaterError `corrupt` or `unknown_format`, naming the file.
 */
export async function verifyBackup(
  source: AsyncIterable<Buffer>,
  name: string,
  onProgress: (keys: number, keysEstimate: number) => void = () => {},
): Promise<VerifiedBackup> {
  const digest = new KeyspaceDigest();
  let head: BackupHead | undefined;
  let lastKey: Buffer | undefined;
  for await (const part of readBackup(source, name)) {
    if (part.kind === 'head') head = knownRecords(part.head, name);
    else if (part.kind === 'entries') {
      lastKey = lastOf(part.raw, lastKey, name);
      digest.addPacked(part.raw);
      onProgress(digest.keys, head?.keysEstimate ?? 0);
    } else {
      const found = digest.finish();
      if (digest.keys === part.end.keys && found.equals(part.end.digest) && head)
        return { head, keys: digest.keys, digest: found.toString('hex') };
      throw damaged(
        name,
        `expected ${part.end.keys} keys and the digest ${part.end.digest.toString('hex')}, received ${digest.keys} and ${found.toString('hex')}`,
      );
    }
  }
  throw damaged(name, 'the end is missing');
}

function knownRecords(head: BackupHead, name: string): BackupHead {
  if (head.recordFormat === RECORD_FORMAT) return head;
  const found = head.recordFormat;
  throw unknownFormat({ subject: named(name, 'the backup'), name: 'record format', found, read: [RECORD_FORMAT] });
}

/** The last key of the entries, which are in order behind `before`. */
function lastOf(raw: Buffer, before: Buffer | undefined, name: string): Buffer | undefined {
  let last = before;
  for (const { keys } of unpackEntries(raw))
    for (const key of keys) {
      if (last && Buffer.compare(last, key) >= 0) throw damaged(name, 'the keys are not in order');
      last = key;
    }
  // The chunk would stay in memory with its key.
  return last && Buffer.from(last);
}

function damaged(name: string, why: string): HeadwaterError {
  return new HeadwaterError('corrupt', named(name, `the backup is damaged: ${why}`));
}
