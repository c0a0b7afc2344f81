/**
 * A session of a node with the archive that it follows. The feed takes the part of an upstream: it judges the position of
 * the node by the same rules (replication/resync.ts), sends the newest backup if the node needs all data, and then the
 * blocks of the archive, as new files appear. The node cannot tell an archive from a node that is an interval behind.
 */
import { createHash } from 'node:crypto';
import { findRoute, leadsOn, type Stretch } from '../backup/archive.js';
import type { Place } from '../backup/place.js';
import { isBucketUrl } from '../backup/place.js';
import { readBackup } from '../backup/reader.js';
import type { StoredBackup } from '../backup/stored-backups.js';
import { unlessAborted } from '../base/abort.js';
import { type Clock, sleep } from '../base/clock.js';
import { HeadwaterError } from '../base/errors.js';
import { ARCHIVE_FRAME_BYTES } from '../base/limits.js';
import { unknownFormat } from '../base/unknown-format.js';
import { unpackEntries } from '../keyspace/entry-packer.js';
import { RECORD_FORMAT } from '../keyspace/record.js';
import type { Block } from '../log/block.js';
import { Lineage } from '../model/lineage.js';
import type { Position } from '../model/position.js';
import type { DownFrame, Handshake, Heartbeat, UpstreamInfo } from '../replication/frames.js';
import { type Decision, decide } from '../replication/resync.js';
import type { ArchiveChannel } from './channel.js';
import { backupsOf, KnownStretches, leadsTo, type Sight, sightOf, sightOfBackup } from './sight.js';

export interface ArchiveFeedOptions {
  readonly place: Place;
  readonly channel: ArchiveChannel;
  readonly clock: Clock;
  readonly heartbeatIntervalMs: number;
  /** Milliseconds between two looks for new files. */
  readonly lookMs: number;
}

/** The last block sent, and the histories that led there. */
interface Sent {
  readonly position: Position;
  /** The time of the block, milliseconds since the epoch. 0 if it is not known. */
  readonly timeMs: number;
  readonly lineage: Lineage;
}

/** The place as a node sees it. */
interface Seen {
  readonly sight: Sight;
  /** The backup with which a node without data begins, if there is one for it. */
  readonly backup?: StoredBackup;
}

type Answer =
  | { readonly kind: 'wait'; readonly message: string }
  | { readonly kind: 'refuse' | 'continue'; readonly decision: Decision; readonly sight: Sight }
  | { readonly kind: 'full'; readonly decision: Decision & { kind: 'full' }; readonly backup: StoredBackup };

export class ArchiveFeed {
  readonly #options: ArchiveFeedOptions;
  readonly #place: Place;
  readonly #channel: ArchiveChannel;
  readonly #known: KnownStretches;
  #sent: Sent | undefined;
  /** The last offset in the place, as far as it is known. */
  #endOffset = 0;

  constructor(options: ArchiveFeedOptions) {
    this.#options = options;
    this.#place = options.place;
    this.#channel = options.channel;
    this.#known = new KnownStretches(options.place);
  }

  /** Serves the node until the session ends. Rejects if the place cannot be used, or has no way on. */
  async run(): Promise<void> {
    const stopSigns = this.#giveSigns();
    try {
      const handshake = await this.#unlessEnded(this.#channel.handshake);
      for (let told = ''; ; ) {
        const answer = await this.#unlessEnded(this.#answer(handshake));
        if (answer.kind !== 'wait') return await this.#serve(answer, handshake);
        if (answer.message !== told) await this.#send({ kind: 'wait', sources: [], reason: answer.message });
        told = answer.message;
        await this.#pause();
      }
    } finally {
      stopSigns();
    }
  }

  // ---- the decision ----------------------------------------------------------------

  async #answer(handshake: Handshake): Promise<Answer> {
    const { position, keyspaceOffset } = handshake;
    const reach = Math.max(position.offset, keyspaceOffset);
    const seen = reach === 0 ? await this.#sightOfEmpty() : await this.#sight(position.offset, position.offset);
    if (!seen) return { kind: 'wait', message: this.#needed('has no backup to begin from') };
    const { sight } = seen;
    const decision = decide({ ...handshake, lineage: Lineage.received(handshake.lineage) }, sight);
    if (decision.kind === 'wait') return { kind: 'wait', message: decision.message };
    if (decision.kind !== 'full') return { kind: decision.kind, decision, sight };
    const backup = seen.backup ?? (await backupsOf(this.#place)).find((one) => leadsTo(one, sight));
    return await this.#fullBy(decision, reach, backup);
  }

  /**
   * The place may have years of files. A node without data needs none of those before the backup that it begins with: the
   * newest one from which the newest history goes on.
   */
  async #sightOfEmpty(): Promise<Seen | undefined> {
    let seen: Seen | undefined;
    for (const backup of await backupsOf(this.#place)) {
      seen = await this.#sight(backup.head.position.offset, 0, backup);
      if (seen && leadsTo(backup, seen.sight)) return { ...seen, backup };
    }
    return seen && { sight: seen.sight };
  }

  /**
   * @param from the offset before which no file counts.
   * @param offset the end of the node's log.
   * @param alone the backup that counts if the place has no archive. By default the newest.
   */
  async #sight(from: number, offset: number, alone?: StoredBackup): Promise<Seen | undefined> {
    const stretches = await this.#known.from(from);
    if (stretches.length > 0) return { sight: await sightOf(stretches, offset) };
    const newest = alone ?? (await backupsOf(this.#place))[0];
    return newest && { sight: sightOfBackup(newest, offset) };
  }

  async #fullBy(
    decision: Decision & { kind: 'full' },
    reach: number,
    backup: StoredBackup | undefined,
  ): Promise<Answer> {
    const isPruned = decision.reason === 'LOG_TRIMMED';
    // A backup at the node's own offset has none of the commands that are gone.
    const least = isPruned ? reach + 1 : (decision.branchOffset ?? reach);
    const found = backup?.head.position.offset;
    if (backup && found !== undefined && found >= least) {
      const { name } = backup;
      const message = isPruned
        ? `the commands after offset ${reach} are gone from ${this.#place.name}: it was pruned, or has a gap. This node begins again from the backup ${name}, at offset ${found}`
        : decision.message;
      return { kind: 'full', decision: { ...decision, message }, backup };
    }
    if (found === undefined)
      return {
        kind: 'wait',
        message: this.#needed('has no backup to begin from, whose history the archive continues'),
      };
    const message = `this node needs a backup at offset ${least} or later (${decision.reason}: ${decision.message}). The newest one in ${this.#place.name} is at offset ${found}. Make a new backup there: ${this.#backupCommand}`;
    return { kind: 'wait', message };
  }

  #needed(why: string): string {
    return `${this.#place.name} ${why}. Make one there: ${this.#backupCommand}`;
  }

  get #backupCommand(): string {
    const { name } = this.#place;
    return `headwater backup ${isBucketUrl(name) ? name : this.#place.pathOf('NAME.backup')}`;
  }

  // ---- the data ----------------------------------------------------------------------

  async #serve(answer: Exclude<Answer, { kind: 'wait' }>, { position, lineage }: Handshake): Promise<void> {
    if (answer.kind === 'full') return await this.#full(answer);
    const { reason, message, details } = answer.decision as Decision & { kind: 'refuse' | 'continue' };
    if (answer.kind === 'refuse') {
      await this.#send({ kind: 'refuse', reason, message, details });
      this.#channel.close();
      return;
    }
    const { sight } = answer;
    await this.#send({
      kind: 'continue',
      upstream: this.#info(sight.clusterId),
      lineage: sight.lineage.upTo(sight.end.offset).rows,
      endOffset: sight.end.offset,
      reason,
      message,
      details,
    });
    this.#endOffset = sight.end.offset;
    return await this.#follow({ position, timeMs: sight.timeMs, lineage: Lineage.received(lineage) });
  }

  async #full({ decision, backup }: Answer & { kind: 'full' }): Promise<void> {
    const { place, name, head } = backup;
    const { recordFormat: found, position, timeMs, lineage, keysEstimate, clusterId } = head;
    if (found !== RECORD_FORMAT)
      throw unknownFormat({ subject: place.pathOf(name), name: 'record format', found, read: [RECORD_FORMAT] });
    const { reason, message, details, branchOffset } = decision;
    const upstream = this.#info(clusterId);
    await this.#send({
      kind: 'fullResync',
      upstream,
      reason,
      message,
      details,
      position,
      positionTimeMs: timeMs,
      lineage,
      keysEstimate,
      branchOffset,
    });
    for await (const section of readBackup(place.read(name), place.pathOf(name))) {
      if (section.kind === 'entries')
        for (const { keys, records } of unpackEntries(section.raw))
          await this.#send({ kind: 'snapshotChunk', keys, records });
      if (section.kind === 'end') await this.#send({ kind: 'snapshotEnd', ...section.end });
    }
    return await this.#follow({ position, timeMs, lineage: new Lineage(lineage) });
  }

  /** Sends the blocks behind `sent`, and those of every file that appears. */
  async #follow(sent: Sent): Promise<never> {
    this.#sent = sent;
    for (;;) {
      const { position } = this.#sent;
      const stretches = await this.#unlessEnded(this.#known.from(position.offset));
      this.#refuseOther(stretches, this.#sent);
      const following = stretches.filter(
        (stretch) => stretch.lastOffset > position.offset && leadsOn(stretch, position),
      );
      if (following.length > 0) await this.#sendRoute(following, this.#sent);
      else if (!this.#known.hasAny) await this.#refuseBackup(position);
      if (this.#sent.position.offset === position.offset) await this.#pause();
    }
  }

  async #sendRoute(following: readonly Stretch[], { position, timeMs, lineage }: Sent): Promise<void> {
    const route = findRoute(following, { position, timeMs, lineage: lineage.rows }, {});
    this.#endOffset = route.end.offset;
    let blocks: Block[] = [];
    let bytes = 0;
    const flush = async () => {
      if (blocks.length > 0) await this.#sendBlocks(blocks, route.lineage);
      [blocks, bytes] = [[], 0];
    };
    for await (const block of route.blocks()) {
      const isOther = blocks[0] && blocks[0].replicationId !== block.replicationId;
      if (isOther || bytes + block.bytes.length > ARCHIVE_FRAME_BYTES) await flush();
      blocks.push(block);
      bytes += block.bytes.length;
    }
    await flush();
  }

  /** @param blocks of one history. */
  async #sendBlocks(blocks: readonly Block[], lineage: Lineage): Promise<void> {
    const [first, last] = [blocks[0] as Block, blocks.at(-1) as Block];
    if (first.replicationId !== this.#sent?.position.replicationId) {
      const row = lineage.at(first.firstOffset);
      if (row?.firstOffset === first.firstOffset) await this.#send({ kind: 'newHistory', row });
    }
    await this.#send({
      kind: 'blocks',
      blocks: blocks.map(({ bytes }) => bytes),
      acknowledge: false,
      sync: false,
      traces: [],
    });
    this.#sent = { position: last.position, timeMs: last.timeMs, lineage: lineage.upTo(last.lastOffset) };
  }

  /** Ends the session if the archive left the history of the node, or lost it. The next session judges it. */
  #refuseOther(stretches: readonly Stretch[], { position, lineage }: Sent): void {
    if (stretches.length === 0) return;
    const { epoch } = lineage.upTo(position.offset);
    const others = stretches.filter((stretch) => !leadsOn(stretch, position));
    const isLater = others.some((stretch) => stretch.lineage.epoch > epoch);
    if (!isLater && others.length < stretches.length) return;
    throw new HeadwaterError(
      'unavailable',
      isLater
        ? `${this.#place.name} continues under a later history, without the commands up to offset ${position.offset} of this node`
        : `${this.#place.name} has no archive of the history of this node any more, which is at offset ${position.offset}`,
    );
  }

  /** Ends the session if a place without an archive has a later backup, or none. */
  async #refuseBackup({ offset }: Position): Promise<void> {
    const [backup] = await this.#unlessEnded(backupsOf(this.#place));
    if (backup && backup.head.position.offset <= offset) return;
    const has = backup ? `has a newer backup, ${backup.name}, and no archive` : 'has no backup and no archive any more';
    throw new HeadwaterError('unavailable', `${this.#place.name} ${has}`);
  }

  // ---- the session -------------------------------------------------------------------

  #info(clusterId: string): UpstreamInfo {
    const { name: address } = this.#place;
    const nodeId = createHash('sha256').update(address).digest('hex').slice(0, 32);
    return { clusterId, nodeId, address, timeMs: this.#options.clock.wallMs(), follows: '', takesParts: false };
  }

  async #send(frame: DownFrame): Promise<void> {
    await this.#channel.deliver(frame);
    if (this.#channel.ended.aborted) throw this.#channel.ended.reason;
  }

  /** A request to a bucket may take long, and ends by itself. */
  #unlessEnded<T>(work: Promise<T>): Promise<T> {
    return unlessAborted(work, this.#channel.ended);
  }

  #pause(): Promise<void> {
    return sleep(this.#options.clock, this.#options.lookMs, this.#channel.ended);
  }

  /** Once a heartbeat, the node hears that the feed works, and how old the data are. */
  #giveSigns(): () => void {
    const { clock, heartbeatIntervalMs } = this.#options;
    let cancel = () => {};
    const sign = () => {
      this.#channel.alive();
      if (this.#sent && this.#channel.isIdle) void this.#channel.deliver(this.#heartbeat(this.#sent));
      cancel = clock.after(heartbeatIntervalMs, sign);
    };
    cancel = clock.after(heartbeatIntervalMs, sign);
    return () => cancel();
  }

  /** Writes behind the last block are not known here, so the data are as old as that block. */
  #heartbeat({ position: { offset, checksum }, timeMs }: Sent): Heartbeat {
    return {
      kind: 'heartbeat',
      offset,
      checksum,
      timeMs: this.#options.clock.wallMs(),
      path: [],
      // A later block may have been written in the same millisecond.
      levelMs: Math.max(0, timeMs - 1),
      endOffset: Math.max(offset, this.#endOffset),
      leaderAddress: '',
      epoch: 0,
      sign: 0,
    };
  }
}
