/**
 * A backup file made into the data directory of a node that never was: a new
 * identity, the cluster and the histories of the backup, the keyspace of the
 * backup, and a log that is empty and goes on right behind it. Told to follow,
 * such a node continues with a partial resync; started alone it leads a new
 * history.
 *
 * Until all of it is proven and durable, the directory says that it is being
 * restored, and nobody takes it for a node's.
 */
import { randomBytes } from 'node:crypto';
import { HeadwaterError } from '../base/errors.js';
import { invariant } from '../base/invariant.js';
import { systemFiles } from '../disk/files.js';
import { openLevel } from '../disk/level.js';
import { unpackEntries } from '../keyspace/entry-packer.js';
import { RECORD_FORMAT } from '../keyspace/record.js';
import type { Block } from '../log/block.js';
import { Lineage } from '../model/lineage.js';
import type { Position } from '../model/position.js';
import { Directory, type DirectoryOptions } from '../store/directory.js';
import { Replacement } from '../store/replacement.js';
import type { BackupEnd, BackupHead } from '../wire/backup.js';
import { findRoute, type Route, readArchive, type Target } from './archive.js';
import { type BackupPart, readBackup } from './reader.js';
import { replay } from './replay.js';

const WRITES_MAX = 3;

export interface RestoreOptions extends DirectoryOptions {
  readonly directory: string;
  /** The bytes of the file. */
  readonly source: AsyncIterable<Buffer>;
  /** Goes on from the backup with the commands of an archive, up to the target. */
  readonly archive?: { readonly directory: string } & Target;
  /** Hears now and then how many keys of about how many are in place. */
  onProgress?(keys: number, keysEstimate: number): void;
  /** Hears how many commands of at most how many of the archive are in place. */
  onReplay?(commands: number, commandsMax: number): void;
}

export interface Restored {
  /** Of the node that the directory is now. */
  readonly nodeId: string;
  readonly clusterId: string;
  /** Where the log goes on: of the backup, or of the last command of the archive that was taken. */
  readonly position: Position;
  /** Of the last block up to there, milliseconds since the epoch; 0 where there was none. */
  readonly timeMs: number;
  readonly keys: number;
  /** Of the backup, proven: 64 hexadecimal characters. */
  readonly digest: string;
  /** Where the backup was made. */
  readonly backupOffset: number;
  /** Histories of the archive that lead elsewhere and were left out. */
  readonly otherHistories: Route['others'];
  /** The node that made the backup, and when, milliseconds since the epoch. */
  readonly madeBy: string;
  readonly madeMs: number;
}

/** `restore` on this machine's disks. */
export function restoreDirectory(options: Omit<RestoreOptions, keyof DirectoryOptions>): Promise<Restored> {
  return restore({ ...options, files: systemFiles, openDatabase: openLevel, randomBytes });
}

/**
 * @throws HeadwaterError `foreign_directory` unless the directory is absent,
 *   empty, or left by a restore that was cut short or failed; what a bad backup
 *   file is refused with. The directory is left as that of an unfinished restore.
 */
export async function restore(options: RestoreOptions): Promise<Restored> {
  const parts = readBackup(options.source);
  try {
    // First of all: a pipe that ends before it begins leaves no directory that a node would take for a new one.
    const directory = await Directory.beginRestore(options.directory, options);
    try {
      const head = await takeHead(parts);
      const { archive } = options;
      const route = archive && findRoute(await readArchive(archive.directory, head.position.offset), head, archive);
      await directory.update({ cluster_id: head.clusterId });
      const { keys, digest } = await load(directory, head, parts, options);
      const reached = route && (await follow(route, directory.currentGeneration, options));
      await directory.finishRestore();
      const { position, timeMs, nodeId: madeBy, madeMs } = head;
      const { node_id: nodeId, cluster_id: clusterId } = directory.node;
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
      // What cannot be deleted has its mark: why it failed in the first place is what a person has to hear.
      await directory.abandonRestore().catch(() => {});
      throw error;
    } finally {
      await directory.close();
    }
  } finally {
    await parts.return(undefined);
  }
}

/** The keyspace, and the log, up to the target of the route. */
async function follow(
  route: Route,
  generation: string,
  options: RestoreOptions,
): Promise<{ position: Position; timeMs: number; keys: number }> {
  const { from, end, lineage } = route;
  const onBlock = ({ lastOffset }: Block) => options.onReplay?.(lastOffset - from.offset, end.offset - from.offset);
  const { position, timeMs, keys } = await replay(generation, route.blocks(), lineage, options, onBlock);
  invariant(keys !== undefined, 'a keyspace that was never cut short knows how many keys it has');
  return { position, timeMs, keys };
}

async function takeHead(parts: AsyncGenerator<BackupPart>): Promise<BackupHead> {
  const first = await parts.next();
  if (first.done || first.value.kind !== 'head')
    throw new HeadwaterError('corrupt', 'the backup is damaged: expected its head first');
  const { head } = first.value;
  if (head.recordFormat !== RECORD_FORMAT)
    throw new HeadwaterError(
      'unknown_format',
      `a backup of records of format ${head.recordFormat}; this version knows format ${RECORD_FORMAT}`,
    );
  return head;
}

/** The generation that the directory names: whole, proven and durable when it resolves. */
async function load(
  directory: Directory,
  head: BackupHead,
  parts: AsyncIterable<BackupPart>,
  options: RestoreOptions,
): Promise<BackupEnd> {
  const { position, timeMs } = head;
  const lineage = Lineage.received(head.lineage);
  const made = await Replacement.create(directory.currentGeneration, options, { position, timeMs }, lineage);
  const writes = new Writes();
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

/** A few under way at a time: while LevelDB works on one, the next is put together. */
class Writes {
  readonly #underWay = new Set<Promise<void>>();
  #failure: Error | undefined;

  /** @throws what any of them failed with. */
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

  /** @throws what any of them failed with. */
  async done(): Promise<void> {
    await this.settled();
    if (this.#failure) throw this.#failure;
  }
}
