/**
 * The meaning of a handshake for the leadership, at the node that is asked. A
 * leader that hands over asks this node to lead. Any other asker may bring the
 * history of a later leader, and a leader that meets one takes no more writes.
 * Replication calls this part before the resync is decided. The rules are in
 * takeover.ts.
 */
import type { Clock } from '../../base/clock.js';
import type { Logger } from '../../base/logger.js';
import { RepeatedLog } from '../../base/repeated-log.js';
import { Lineage } from '../../model/lineage.js';
import type { StoreData } from '../../store/data.js';
import type { NodeIdentity } from '../../store/node-identity.js';
import type { Roles } from '../../store/roles.js';
import type { Settings } from '../../store/settings.js';
import type { Writes } from '../../store/writes.js';
import type { Handshake } from '../frames.js';
import type { Ends } from '../node-place.js';
import type { Acknowledgements } from '../progress/acknowledgements.js';
import { answerOffer, epochBefore, type OfferAnswer, whoIsMeant } from '../takeover.js';
import { HANDOVER_REFUSED } from './failover.js';
import type { RoleChanges } from './role-changes.js';

/** The parts of the store that this file needs. */
export interface GreetingStore {
  readonly data: Pick<StoreData, 'log'>;
  readonly roles: Pick<
    Roles,
    'asking' | 'grants' | 'handingOver' | 'promote' | 'role' | 'supersede' | 'supersededBy' | 'upstream'
  >;
  readonly writes: Pick<Writes, 'refusal'>;
  readonly identity: Pick<NodeIdentity, 'nodeId'>;
  readonly settings: Pick<Settings, 'maintenance'>;
}

export interface GreetingOptions {
  readonly store: GreetingStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly ends: Ends;
  readonly acknowledgements: Acknowledgements;
  readonly changes: Pick<RoleChanges, 'run'>;
}

/** The reason why the asker is not served. */
export interface Unserved {
  readonly reason: string;
  readonly message: string;
}

export class Greeting {
  readonly store: GreetingStore;
  readonly #options: GreetingOptions;
  readonly #log: RepeatedLog;

  constructor(options: GreetingOptions) {
    this.#options = options;
    this.store = options.store;
    this.#log = RepeatedLog.of(options);
  }

  /** Resolves with undefined if the asker may be served. */
  async greeted(handshake: Handshake): Promise<Unserved | undefined> {
    if (handshake.handsOverTo !== '') return this.#takeOver(handshake);
    await this.#stopIfSuperseded(handshake);
    return undefined;
  }

  /** Stops a superseded leader. A follower that accepts the loss of its data does not count. */
  async #stopIfSuperseded({ nodeId, address, lineage, acceptDataLoss }: Handshake): Promise<void> {
    const store = this.store;
    if (store.roles.role !== 'leader' || acceptDataLoss) return;
    const { log } = store.data;
    const { supersededBy } = store.roles;
    const epoch = epochBefore(log.history.lineage, log.end.offset, Lineage.received(lineage));
    // Among several epochs the latest counts: a "promote" here begins an epoch above all of them.
    if (epoch !== undefined && epoch > (supersededBy?.epoch ?? 0)) await this.#supersede({ nodeId, address }, epoch);
  }

  async #supersede({ nodeId: node_id, address }: Pick<Handshake, 'nodeId' | 'address'>, epoch: number): Promise<void> {
    const store = this.store;
    await this.#options.changes.run(async () => {
      const isNews = epoch > (store.roles.supersededBy?.epoch ?? 0);
      if (store.roles.role === 'leader' && isNews) await store.roles.supersede({ node_id, address, epoch });
    });
    this.#options.logger.error({ node_id, address, epoch }, store.writes.refusal?.message ?? '');
  }

  /**
   * Answers an offer of the leadership. The link is stopped only to lead, or to
   * bind this node to a refusal, since an asker in vain asks again and again.
   */
  async #takeOver(handshake: Handshake): Promise<Unserved | undefined> {
    const meant = whoIsMeant(handshake, this.store.identity.nodeId);
    if (meant !== undefined) return unserved('HANDOVER_OF_ANOTHER', meant);
    const answer = await this.answer(handshake);
    if (answer.kind === 'serve') return undefined;
    if (answer.kind === 'undecided') return unserved('HANDOVER_UNDECIDED', answer.message);
    if (answer.kind === 'refuse' && answer.superseded !== undefined)
      await this.#supersede(handshake, answer.superseded);
    const above = this.#options.ends.link.reports.nextHistory?.epoch ?? 0;
    return this.#options.changes.run(async () => this.#act(handshake, await this.answer(handshake), above));
  }

  /** @param above an epoch that the giver, or a leader before it, has begun and written nothing under. */
  async #act(
    { grant, address, position, live }: Handshake,
    answer: OfferAnswer,
    above: number,
  ): Promise<Unserved | undefined> {
    const { logger } = this.#options;
    const { offset } = position;
    switch (answer.kind) {
      case 'serve':
        return undefined;
      case 'lead': {
        const { epoch } = await this.store.roles.promote({ grant, above, follows: live });
        logger.info({ from: address, epoch }, `${address} has handed over at offset ${offset}: this node leads`);
        return undefined;
      }
      case 'refuse':
        await this.store.roles.grants.refuse(grant);
        this.#log.warn(
          { from: address, offset },
          `this node refused to take over from ${address}: ${answer.message}`,
          address,
        );
        return unserved(HANDOVER_REFUSED, answer.message);
      case 'undecided':
        return unserved('HANDOVER_UNDECIDED', answer.message);
      case 'stranger':
        return unserved('HANDOVER_OF_ANOTHER', answer.message);
    }
  }

  /** The present answer of this node to the offer. The question changes nothing. */
  async answer(handshake: Handshake): Promise<OfferAnswer> {
    const store = this.store;
    const { acknowledgements } = this.#options;
    const { link, followers } = this.#options.ends;
    const { nodeId, address, position } = handshake;
    const { log } = store.data;
    const checksumAtOffered = await log.lookup.checksumAt(position.offset);
    return answerOffer(
      { ...handshake, lineage: Lineage.received(handshake.lineage) },
      {
        nodeId: store.identity.nodeId,
        role: store.roles.role,
        end: log.end,
        lineage: log.history.lineage,
        checksumAtOffered,
        handingOver: store.roles.handingOver !== undefined,
        isDraining: store.settings.maintenance.isDraining,
        asking: store.roles.asking,
        upstream: store.roles.upstream,
        followsGiver: link.follows({ nodeId, address }),
        nextHistory: link.reports.nextHistory,
        below: followers.lineages,
        epochWaiting: acknowledgements.epochWaiting,
        grants: store.roles.grants.answers,
      },
    );
  }
}

function unserved(reason: string, message: string): Unserved {
  return { reason, message };
}
