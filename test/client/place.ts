/** A node of which a test decides how far away, how fresh and how alive it is, whether it leads, and in which epoch. */

import { systemClock } from '../../src/base/clock.js';
import { HeadwaterError } from '../../src/base/errors.js';
import type { FreshnessWanted } from '../../src/model/guarantees.js';
import type { NodeStatus, UpstreamState } from '../../src/model/status.js';
import { Monitors } from '../../src/pipeline/monitors.js';
import { adminService, type NodeControl, type NodeProcess } from '../../src/rpc/admin-service.js';
import { STATUS } from '../../src/rpc/definitions.js';

import { FakeStore } from '../rpc/fake-store.js';
import { type ListeningServer, serve } from '../rpc/harness.js';
import { messageType } from '../support/protocol.js';

/** A status in which nearly all is 0 or empty. */
const EMPTY_STATUS = Buffer.from(
  messageType('StatusResponse')
    .encode({ replicationId: Buffer.alloc(20) })
    .finish(),
);

export class Place {
  readonly store = new FakeStore();
  /** Of every read that asked for freshness. */
  readonly asked: FreshnessWanted[] = [];
  awayMs: number;
  state: UpstreamState = 'streaming';
  unavailable = '';
  fresh = true;
  leads: boolean;
  /** Of the history that it lives in. */
  epoch = 1;
  /** The replication ID of the history that its own continues, if it continues one. */
  continued: string | undefined;
  /** Why it takes no writes, though it leads. */
  superseded = '';
  /** Times that it was asked for its status. */
  looks = 0;
  server!: ListeningServer;
  address = '';
  readonly #others: () => readonly Place[];

  private constructor(awayMs: number, leads: boolean, others: () => readonly Place[]) {
    this.awayMs = awayMs;
    this.leads = leads;
    this.#others = others;
  }

  static async start(awayMs: number, leads: boolean, all: Place[]): Promise<Place> {
    const place = new Place(awayMs, leads, () => all);
    await place.serve();
    all.push(place);
    await place.#say();
    return place;
  }

  /** At the address that it had, if it had one. */
  async serve(): Promise<void> {
    const notLeading = () => this.#notLeading();
    const control = { status: () => this.#status() } as Partial<NodeControl> as NodeControl;
    ({ server: this.server, address: this.address } = await serve(this.store, {
      ...(this.address && { address: this.address }),
      services: [adminService(control, { monitors: new Monitors(systemClock) } as Partial<NodeProcess> as NodeProcess)],
      guarantees: {
        durability: {
          reach: async () => ({
            reached: true,
            synced: true,
            followersAppended: 0,
            followersSynced: 0,
            unsyncedHere: false,
          }),
        },
        freshness: {
          refusal: undefined,
          get notLeading() {
            return notLeading();
          },
          whenFresh: async (wanted) => {
            this.asked.push(wanted);
            if (!this.fresh) throw new HeadwaterError('unavailable', 'behind', { details: { cause: 'NOT_FRESH' } });
          },
        },
      },
    }));
  }

  /** Why reads for the leader are refused here. */
  #notLeading(): HeadwaterError | undefined {
    if (this.leads) return this.superseded ? new HeadwaterError('superseded', this.superseded) : undefined;
    return new HeadwaterError('read_only_follower', 'a follower', { details: { leader: this.store.leader ?? '' } });
  }

  /** Keys that were read here. */
  get reads(): number {
    return this.store.submissions.flatMap(({ operations }) => operations).filter(({ kind }) => kind === 'get').length;
  }

  /** So that a read tells who answered it. */
  async #say(): Promise<void> {
    const [key, value] = [Buffer.from('who'), Buffer.from(this.address)];
    await this.store.submit([{ kind: 'set', key, value }], { bytes: 0, ordered: true });
  }

  get #lineage(): NodeStatus['lineage'] {
    const { replicationId } = this.store.position;
    const row = { firstOffset: 1, checksum: '00000000' };
    if (this.continued === undefined) return [{ ...row, replicationId, epoch: this.epoch }];
    return [
      { ...row, replicationId: this.continued, epoch: this.epoch - 1 },
      { ...row, replicationId: 'cd'.repeat(20), epoch: this.epoch },
    ];
  }

  async #status(): Promise<NodeStatus> {
    this.looks++;
    await new Promise((resolve) => setTimeout(resolve, this.awayMs));
    const leader = this.#others()[0] as Place;
    return {
      ...STATUS.response.decode(EMPTY_STATUS),
      nodeId: this.address,
      address: this.address,
      role: this.leads ? 'leader' : 'follower',
      unavailable: this.unavailable,
      superseded: this.superseded,
      lineage: this.#lineage,
      upstream: this.leads
        ? undefined
        : {
            address: leader.address,
            state: this.state,
            lagCommands: 0,
            lagMs: 0,
            lastResync: undefined,
            error: '',
            waitingFor: '',
            loadedKeys: 0,
            keysEstimate: 0,
            lastRefusal: undefined,
          },
    };
  }
}
