/**
 * Proves that a log and a keyspace belong together. Both hold the ID of their generation, drawn when they are made. So
 * a database that was put in the place of another one is refused, although each would be whole by itself.
 *
 *   M ‖ "generation"   in the log, before the blocks (log/rows.ts)
 *   m ‖ "generation"   in the keyspace
 *
 * The value is "log" or "keyspace", a space and 32 hexadecimal characters, with a checksum (checked-row.ts). The row of
 * the keyspace is written first: if the log has a row, the keyspace must have the same ID. Generations of older
 * versions have no ID, and get one.
 */
import { checkedRow, valueOfCheckedRow } from '../base/checked-row.js';
import { HeadwaterError } from '../base/errors.js';
import type { Database } from '../disk/level.js';

const KEYS = { log: Buffer.from('Mgeneration'), keyspace: Buffer.from('mgeneration') } as const;
const FORM = /^(log|keyspace) ([0-9a-f]{32})$/;

type Kind = keyof typeof KEYS;

/** The databases of one generation. */
export type Pair = readonly [log: Database, keyspace: Database];

/**
 * Compares the IDs; writes nothing.
 * @returns the ID of both; undefined if the log has none.
 * @throws HeadwaterError `corrupt` if they do not belong together.
 */
export async function verifyIdentity([log, keyspace]: Pair): Promise<string | undefined> {
  const ofLog = await identityOf(log, 'log');
  const ofKeyspace = await identityOf(keyspace, 'keyspace');
  if (ofLog !== undefined && ofLog !== ofKeyspace)
    throw new HeadwaterError(
      'corrupt',
      `${keyspace.location} does not belong to ${log.location}: the identity row of the log says ${ofLog}, that of the keyspace says ${ofKeyspace ?? 'nothing'}. Put the right directory back`,
    );
  return ofLog;
}

/** Gives both databases an ID, before anything that counts is written to either. */
export async function giveIdentity([log, keyspace]: Pair, randomBytes: (count: number) => Buffer): Promise<void> {
  const id = (await identityOf(keyspace, 'keyspace')) ?? randomBytes(16).toString('hex');
  await keyspace.put(KEYS.keyspace, checkedRow(KEYS.keyspace, Buffer.from(`keyspace ${id}`)), { sync: true });
  await log.put(KEYS.log, checkedRow(KEYS.log, Buffer.from(`log ${id}`)), { sync: true });
}

async function identityOf(db: Database, kind: Kind): Promise<string | undefined> {
  // A database of the other kind has a row under the other key.
  const rows = await db.getMany([KEYS.log, KEYS.keyspace]);
  for (const [i, key] of [KEYS.log, KEYS.keyspace].entries()) {
    const row = rows[i];
    if (!row) continue;
    const [, found, id] = FORM.exec(valueOfCheckedRow(key, row)?.toString('latin1') ?? '') ?? [];
    if (found === kind && key === KEYS[kind]) return id;
    throw new HeadwaterError(
      'corrupt',
      `${db.location} holds no ${kind}: its identity row says ${found ?? 'nothing'}. Put the right files back`,
    );
  }
  return undefined;
}
