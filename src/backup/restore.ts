/**
 * Makes a backup file into the data directory of a new node. The node gets a new identity, and the backup's
 * cluster, histories and keyspace. The log is empty and continues right behind the backup. As a follower,
 * such a node continues with a partial resync. As a leader, it begins a new history.
 *
 * Until everything is proven and durable, the directory is marked as being restored, and no node opens it.
 */

import { randomBytes } from 'node:crypto';
import { HeadwaterError } from '../base/errors.js';
import { invariant } from '../base/invariant.js';
import { unknownFormat } from '../base/unknown-format.js';
import { systemFiles } from '../disk/files.js';
import { openLevel } from '../disk/level.js';
import { unpackEntries } from '../keyspace/entry-packer.js';
import { Keyspace } from '../keyspace/keyspace.js';
import { RECORD_FORMAT } from '../keyspace/record.js';
import type { Block } from '../log/block.js';
import type { BackupEnd, BackupHead } from '../model/backup.js';
import { Lineage } from '../model/lineage.js';
import type { Position } from '../model/position.js';
import { Directory, type DirectoryOptions } from '../store/directory.js';
import { openDatabases } from '../store/generation.js';
import { Replacement } from '../store/replacement.js';
import { formatRecords, RESERVED_FILE, readRecords } from '../store/reserved-file.js';
import { type ArchiveRoute, findRoute, listArchive, readArchive, type Target } from './archive.js';
import type { Place } from './place.js';
import { type BackupSection, named, readBackup } from './reader.js';
import { replay } from './replay.js';

const WRITES_MAX = 3;

/** The options of a restore. */
export interface RestoreOptions extends DirectoryOptions {
  readonly directory: string;
  /** The bytes of the file. */
  readonly source: AsyncIterable<Buffer>;
  /** The name of the file, which errors about its content begin with. */
  readonly name?: string;
  /**
   * True if the source may end before it has begun, as a pipe does whose writer fails. The mark in the directory then
   * comes first, and stays: no node takes the place for that of a new node. False by default.
   */
  readonly isPipe?: boolean;
  /** The archive to replay on top of the backup, up to the target. */
  readonly archive?: ({ readonly place: Place } & Target) | undefined;
  /** Called now and then with the number of keys in place, and an estimate of all. */
  onProgress?(keys: number, keysEstimate: number): void;
  /** Called with the number of the archive's commands in place, and the most that there can be. */
  onReplay?(commands: number, commandsMax: number): void;
}

/** The result of a restore. */
export interface Restored {
  /** The ID of the node that owns the directory now. */
  readonly nodeId: string;
  readonly clusterId: string;
  /** The position at which the log continues: the backup's, or that of the last command taken from the archive. */
  readonly position: Position;
  /** The time of the last block up to the position, milliseconds since the epoch. 0 if there was no block. */
  readonly timeMs: number;
  readonly keys: number;
  /** The proven digest of the backup, 64 hexadecimal characters. */
  readonly digest: string;
  /** The offset of the backup. */
  readonly backupOffset: number;
  /** Histories of the archive that lead elsewhere and were left out. */
  readonly otherHistories: ArchiveRoute['others'];
  /** The ID of the node that made the backup. `madeMs` is when, milliseconds since the epoch. */
  readonly madeBy: string;
  readonly madeMs: number;
}

/** Runs `restore` on this machine's disks. */
export function restoreDirectory(options: Omit<RestoreOptions, keyof DirectoryOptions>): Promise<Restored> {
  return restore({ ...options, files: systemFiles, openDatabase: openLevel, randomBytes });
}

/**
 * Restores a backup. If the file is no backup, or the archive does not continue it, nothing on the disk has changed.
 * After any later failure the directory remains marked as that of an unfinished restore, and its other content is
 * deleted.
 * @throws HeadwaterError `foreign_directory` unless the directory is absent, empty, or left by a restore that
 *   was cut short or failed. A bad backup file fails with its own error.
 */
export async function restore(options: RestoreOptions): Promise<Restored> {
  const parts = readBackup(options.source, options.name);
  try {
    if (options.archive) await listArchive(options.archive.place);
    const begun = options.isPipe ? undefined : await begin(parts, options);
    const directory = await Directory.beginRestore(options.directory, options);
    try {
      const { head, route } = begun ?? (await begin(parts, options));
      await directory.node.update({ cluster_id: head.clusterId });
      const { keys, digest } = await load(directory, head, parts, options);
      const reached = route && (await follow(route, directory.generations.current, options));
      await keepRecords(directory, reached?.position ?? head.position, options);
      await directory.finishRestore();
      const { position, timeMs, nodeId: madeBy, madeMs } = head;
      const { node_id: nodeId, cluster_id: clusterId } = directory.node.record;
      return {
        nodeId,
        clusterId,
        position,
        timeMs,
        keys,
        madeBy,
        madeMs,
        ...reached,
        digest: digest.toString('hex'),
        backupOffset: position.offset,
        otherHistories: route?.others ?? [],
      };
    } catch (error) {
      // A directory that cannot be deleted has its mark. The caller must see the first failure, not this one.
      await directory.abandonRestore().catch(() => {});
      throw error;
    } finally {
      await directory.close();
    }
  } finally {
    await parts.return(undefined);
  }
}

/** Reads the begin of the backup, and finds the blocks of the archive that continue it. */
async function begin(
  parts: AsyncGenerator<BackupSection>,
  { archive, name }: RestoreOptions,
): Promise<{ head: BackupHead; route: ArchiveRoute | undefined }> {
  const head = await takeHead(parts, name);
  const route = archive && findRoute(await readArchive(archive.place, head.position.offset), head, archive);
  return { head, route };
}

/** Replays the archive into keyspace and log, up to the target of the route. */
async function follow(
  route: ArchiveRoute,
  generation: string,
  options: RestoreOptions,
): Promise<{ position: Position; timeMs: number; keys: number }> {
  const { from, end, lineage } = route;
  const onBlock = ({ lastOffset }: Block) => options.onReplay?.(lastOffset - from.offset, end.offset - from.offset);
  const { position, timeMs, keys } = await replay(generation, route.blocks(), lineage, options, onBlock);
  invariant(keys !== undefined, 'a keyspace that was never cut short knows how many keys it has');
  return { position, timeMs, keys };
}

/** Writes the file of the records of the node itself: the users are known even if the data are damaged later. */
async function keepRecords(
  { folder, generations }: Directory,
  { offset }: Position,
  options: DirectoryOptions,
): Promise<void> {
  const databases = await openDatabases(generations.current, options, { mustExist: true });
  try {
    const { checkpoint } = await Keyspace.open(databases[1]);
    const records = await readRecords(databases[1], checkpoint);
    if (records.size > 0) await folder.write(RESERVED_FILE, formatRecords(records, offset));
  } finally {
    for (const database of databases) await database.close();
  }
}

async function takeHead(parts: AsyncGenerator<BackupSection>, name: string | undefined): Promise<BackupHead> {
  const first = await parts.next();
  if (first.done || first.value.kind !== 'head')
    throw new HeadwaterError(
      'corrupt',
      named(name, 'the backup is damaged: expected its head first, received another chunk'),
    );
  const { head } = first.value;
  if (head.recordFormat !== RECORD_FORMAT)
    throw unknownFormat({
      subject: named(name, 'the backup'),
      name: 'record format',
      found: head.recordFormat,
      read: [RECORD_FORMAT],
    });
  return head;
}

/** Loads the backup into the current generation. Resolves when the generation is whole, proven and durable. */
async function load(
  directory: Directory,
  head: BackupHead,
  parts: AsyncIterable<BackupSection>,
  options: RestoreOptions,
): Promise<BackupEnd> {
  const { position, timeMs } = head;
  const lineage = Lineage.received(head.lineage);
  const made = await Replacement.create(directory.generations.current, options, { position, timeMs }, lineage);
  const writes = new PendingWrites();
  try {
    for await (const part of parts) {
      if (part.kind === 'end') {
        await writes.done();
        await made.finish(part.end);
        return part.end;
      }
      if (part.kind === 'head') continue;
      for (const { keys, records } of unpackEntries(part.raw)) await writes.begin(made.addEntries(keys, records));
      options.onProgress?.(made.keys, head.keysEstimate);
    }
    throw new HeadwaterError('corrupt', 'the backup is cut off: its end is missing');
  } catch (error) {
    await writes.settled();
    await made.close();
    throw error;
  }
}

/** Keeps a few writes under way: while LevelDB works on one, the next is prepared. */
class PendingWrites {
  readonly #underWay = new Set<Promise<void>>();
  #failure: Error | undefined;

  /** @throws the first failure of any write. */
  async begin(write: Promise<void>): Promise<void> {
    const settled = write.then(
      () => void this.#underWay.delete(settled),
      (error: Error) => {
        this.#failure ??= error;
        this.#underWay.delete(settled);
      },
    );
    this.#underWay.add(settled);
    if (this.#underWay.size >= WRITES_MAX) await Promise.race(this.#underWay);
    if (this.#failure) throw this.#failure;
  }

  async settled(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  /** @throws the first failure of any write. */
  async done(): Promise<void> {
    await this.settled();
    if (this.#failure) throw this.#failure;
  }
}
