/**
 * The recovery of a lost tail, before a leader leads whose log may have lost
 * one. The leader dials all known followers. From followers that are ahead on
 * the same history it takes the blocks that it misses. They serve the leader
 * like any follower. A follower that is unreachable, or has another past, is
 * logged and left out. The leader waits for each one while blocks arrive,
 * however long they take (patience.ts).
 */
import { eitherAborts } from '../../base/abort.js';
import type { Clock } from '../../base/clock.js';
import { HeadwaterError } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import { Block } from '../../log/block.js';
import { Lineage, type LineageRow, rowsEqual } from '../../model/lineage.js';
import type { StoreData } from '../../store/data.js';
import type { Intake } from '../../store/intake.js';
import type { KnownFollower, KnownFollowers } from '../../store/known-followers.js';
import type { NodeIdentity } from '../../store/node-identity.js';
import type { SupersededBy } from '../../store/node-record.js';
import type { Roles } from '../../store/roles.js';
import type { Writes } from '../../store/writes.js';
import type { UpChannel } from '../channel.js';
import { heldUntil } from '../dial.js';
import type { Continue, DownFrame } from '../frames.js';
import { askerHandshake } from '../introduction.js';
import { laterEpoch } from '../takeover.js';
import { Patience } from './patience.js';

/** The parts of the store that this file needs. */
export interface TailRecoveryStore {
  readonly data: Pick<StoreData, 'generation' | 'incomplete' | 'log' | 'position'>;
  readonly roles: Pick<Roles, 'handingOver'>;
  readonly writes: Pick<Writes, 'asksUntil'>;
  readonly intake: Pick<Intake, 'receive'>;
  readonly followers: Pick<KnownFollowers, 'all'>;
  readonly identity: Pick<NodeIdentity, 'clusterId' | 'nodeId'>;
}

export interface TailRecoveryOptions {
  readonly store: TailRecoveryStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly nonce: string;
  /** host:port at which this node listens. */
  address(): string;
  /** @throws HeadwaterError `unreachable`. */
  dial(address: string): Promise<UpChannel>;
}

export class TailRecovery {
  readonly #options: TailRecoveryOptions;
  readonly #store: TailRecoveryStore;
  readonly #over = new AbortController();
  /** Blocks enter the log one after another, from whichever follower. */
  #taking: Promise<unknown> = Promise.resolve();
  #superseded: SupersededBy | undefined;
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: TailRecoveryOptions) {
    this.#options = options;
    this.#store = options.store;
  }

  /**
   * Asks all known followers at once. Resolves when each has answered and sent
   * what it has, or nothing of it has arrived for `timeoutMs`. `stop` ends it
   * too.
   * @returns the node that has a later history than this node's, if one of the
   *   followers reported one.
   */
  async run(timeoutMs: number): Promise<SupersededBy | undefined> {
    const { logger } = this.#options;
    const { offset } = this.#store.data.position;
    const followers = this.#store.followers.all;
    logger.warn(
      { offset, followers: followers.length },
      `this leader may have lost the end of its log, which ends at offset ${offset}. This node asks ${followers.length} known followers first: for at most ${timeoutMs} ms, or longer while they send blocks`,
    );
    this.#running = Promise.all(followers.map((follower) => this.#ask(follower, timeoutMs)));
    await this.#running;
    const gained = this.#store.data.position.offset - offset;
    logger.info({ gained }, `the known followers sent back ${gained} lost commands`);
    return this.#superseded;
  }

  /** Ends the recovery. Nothing enters the log after it resolves. */
  async stop(): Promise<void> {
    this.#over.abort(new HeadwaterError('cancelled', 'this node has stopped asking'));
    await this.#running;
  }

  async #ask(follower: KnownFollower, timeoutMs: number): Promise<void> {
    const { clock, dial } = this.#options;
    const patience = new Patience({
      clock,
      timeoutMs,
      reached: () => this.#store.data.position.offset,
      moved: () => this.#store.writes.asksUntil(clock.wallMs() + timeoutMs),
    });
    let channel: UpChannel | undefined;
    try {
      channel = await heldUntil(dial(follower.address), eitherAborts(this.#over.signal, patience.over));
      await this.#catchUp(channel, follower, patience);
    } catch (error) {
      this.#options.logger.warn(
        { node_id: follower.nodeId },
        `the known follower ${follower.address} sent no lost commands: ${(error as Error).message}`,
      );
    } finally {
      patience.stop();
      channel?.close();
    }
  }

  async #catchUp(channel: UpChannel, follower: KnownFollower, patience: Patience): Promise<void> {
    const { nonce, address } = this.#options;
    await channel.send(askerHandshake(this.#store, { nonce, address: address() }));
    let endOffset: number | undefined;
    let rows: LineageRow[] = [];
    while (endOffset === undefined || this.#store.data.position.offset < endOffset) {
      for (const frame of await channel.receive()) {
        if (frame.kind === 'continue') {
          endOffset = this.#judge(frame, follower);
          patience.expect(channel, endOffset);
        } else if (frame.kind === 'newHistory') rows.push(frame.row);
        else if (frame.kind === 'blocks') {
          patience.isBusy = true;
          await this.#take(frame.blocks, rows);
          patience.isBusy = false;
          rows = [];
        } else this.#judgeOther(frame, follower);
      }
    }
  }

  /** @returns the end of the follower's log, which this node wants to reach. */
  #judge({ lineage, endOffset }: Continue, follower: KnownFollower): number {
    this.#checkSuperseded(lineage, follower);
    return endOffset;
  }

  /** @throws HeadwaterError if the frame means that the follower has no blocks to give. */
  #judgeOther(frame: DownFrame, follower: KnownFollower): void {
    if (frame.kind === 'fullResync') {
      this.#checkSuperseded(frame.lineage, follower);
      throw new HeadwaterError('chain_broken', `the follower would send a snapshot (${frame.reason})`);
    }
    if (frame.kind === 'refuse') throw new HeadwaterError('resync_refused', `${frame.reason}: ${frame.message}`);
    if (frame.kind === 'wait')
      throw new HeadwaterError('resync_refused', `the follower has no more commands than this node: ${frame.reason}`);
  }

  /** @throws HeadwaterError `superseded` if another leader wrote the follower's later commands. */
  #checkSuperseded(lineage: readonly LineageRow[], { nodeId, address }: KnownFollower): void {
    const { log } = this.#store.data;
    const theirs = Lineage.received(lineage);
    // This node may have lost all that it had written under the last history that it began.
    const own = theirs.rows.some((row) => log.history.next && rowsEqual(row, log.history.next));
    const epoch = laterEpoch(own ? log.history.lineage : log.history.lineage.upTo(log.end.offset), theirs);
    if (epoch === undefined) return;
    if (epoch > (this.#superseded?.epoch ?? 0)) this.#superseded = { node_id: nodeId, address, epoch };
    throw new HeadwaterError('superseded', `the follower has a later history, epoch ${epoch}`);
  }

  #take(blocks: readonly Buffer[], rows: readonly LineageRow[]): Promise<void> {
    const taking = this.#taking.then(async () => {
      const { offset } = this.#store.data.position;
      // Another follower may have sent these blocks before.
      const missing = blocks.map((bytes) => new Block(bytes)).filter(({ lastOffset }) => lastOffset > offset);
      if (missing.length === 0 || this.#over.signal.aborted) return;
      await this.#store.intake.receive(
        missing,
        rows.filter(({ firstOffset }) => firstOffset > offset),
      );
    });
    this.#taking = taking.catch(() => {});
    return taking;
  }
}
