/** The key under which backups and archives are sealed: a file with 64 hexadecimal digits, which its owner alone may read. */
import { hkdfSync } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { HeadwaterError } from '../base/errors.js';
import { systemReason } from '../base/system-errors.js';

export interface BackupKey {
  /** 8 bytes, which stand in the head of each file. They tell nothing of the secret. */
  readonly id: Buffer;
  /** 32 bytes. */
  readonly secret: Buffer;
}

/** @throws HeadwaterError `invalid_argument` unless the file has a key. The message never has a part of it. */
export async function readBackupKey(file: string): Promise<BackupKey> {
  const text = await readFile(file, 'latin1').catch((cause: Error) => {
    throw new HeadwaterError('invalid_argument', `backup-key-file: cannot read ${file}: ${systemReason(cause)}`, {
      cause,
    });
  });
  const digits = text.trim();
  if (!/^[0-9a-f]{64}$/i.test(digits))
    throw new HeadwaterError(
      'invalid_argument',
      `backup-key-file: expected 64 hexadecimal digits in ${file}, received ${digits.length} characters of something else. Make a key with: openssl rand -hex 32`,
    );
  const secret = Buffer.from(digits, 'hex');
  return { secret, id: Buffer.from(hkdfSync('sha256', secret, '', 'headwater backup key ID', 8)) };
}
