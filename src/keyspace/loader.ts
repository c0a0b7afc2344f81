/**
 * Fills an empty keyspace database from a snapshot's entries as they arrive in key order. Full resyncs and
 * restores use it. Every record is verified. Count and digest prove the whole before the checkpoint is
 * written that makes it a keyspace. The entries of a full resync that was interrupted are of several snapshots: those
 * are proven after the log was replayed over them (store/replacement.ts).
 */
import { HeadwaterError } from '../base/errors.js';
import { invariant } from '../base/invariant.js';
import { isReserved } from '../base/reserved-keys.js';
import type { Database } from '../disk/level.js';
import { TYPE_NEWEST, unknownType } from '../model/command.js';
import type { LineageRow } from '../model/lineage.js';
import type { Position } from '../model/position.js';
import { checkpointRow } from './checkpoint-record.js';
import { checkProof, KeyspaceDigest, type KeyspaceProof } from './digest.js';
import { KeyPrints } from './key-prints.js';
import { dataKey, describeKey, dueKey, recordExpiresAtMs, recordType, verifyRecord } from './record.js';
import { RecordSizes } from './record-sizes.js';

const EPOCH = 0;
const NO_VALUE = Buffer.alloc(0);

export class KeyspaceLoader {
  readonly #db: Database;
  readonly #digest = new KeyspaceDigest();
  readonly #sizes = new RecordSizes();
  readonly #prints: KeyPrints;
  #lastKey: Buffer | undefined;
  #hasReserved = false;
  #bytes = 0;

  constructor(db: Database) {
    this.#db = db;
    this.#prints = KeyPrints.ofEmpty(db, EPOCH);
  }

  get keys(): number {
    return this.#digest.keys;
  }

  /** The last key added; undefined before the first. */
  get lastKey(): Buffer | undefined {
    return this.#lastKey;
  }

  /** Key and record bytes added so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @throws HeadwaterError `corrupt`, `unknown_format` or `protocol_violation`. */
  async add(keys: readonly Buffer[], records: readonly Buffer[]): Promise<void> {
    if (keys.length !== records.length) {
      throw new HeadwaterError(
        'protocol_violation',
        `a chunk of a snapshot has ${keys.length} keys and ${records.length} records: expected as many records as keys`,
      );
    }
    const batch = this.#db.batch();
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i] as Buffer;
      const record = records[i] as Buffer;
      if (this.#lastKey && Buffer.compare(this.#lastKey, key) >= 0) {
        throw new HeadwaterError('protocol_violation', 'expected the keys of a snapshot in key order, received others');
      }
      verifyRecord(key, record);
      const type = recordType(record);
      if (type > TYPE_NEWEST) throw unknownType(`the record of ${describeKey(key)}`, type);
      batch.put(dataKey(EPOCH, key), record);
      this.#prints.add(key, 0, key.length);
      this.#sizes.add(key, 0, record.length);
      const expiresAtMs = recordExpiresAtMs(record);
      if (expiresAtMs !== 0) batch.put(dueKey(expiresAtMs, EPOCH, key), NO_VALUE);
      this.#hasReserved ||= isReserved(key);
      this.#lastKey = key;
      this.#bytes += key.length + record.length;
    }
    this.#digest.add(keys.map((key, i) => [key, records[i] as Buffer]));
    this.#prints.putRow(batch);
    await batch.write();
  }

  /** @throws HeadwaterError `corrupt` unless count and digest equal the sender's. */
  async finish(expected: KeyspaceProof, position: Position, lineage: readonly LineageRow[]): Promise<void> {
    checkProof({ keys: this.keys, digest: this.#digest.finish() }, expected, position.offset);
    await this.finishUnproven(position, lineage);
  }

  /** Writes the checkpoint of entries that nothing has proven: it counts only as a place to replay from. */
  async finishUnproven(position: Position, lineage: readonly LineageRow[]): Promise<void> {
    invariant(
      lineage.every((row) => row.firstOffset <= position.offset + 1),
      'a lineage ends at its snapshot',
    );
    await this.#db.durable();
    const sizes = this.#sizes.kept;
    const reserved = this.#hasReserved || undefined;
    const facts = { position, lineage, epoch: EPOCH, keys: this.keys, sizes, reserved };
    const [key, value] = checkpointRow({ ...facts, prints: this.#prints.kept, unmarked: true });
    await this.#db.put(key, value, { sync: true });
  }
}
