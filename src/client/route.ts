/**
 * The way from a session to a node: which connection its commands use, and when it changes to another one. The states
 * are in route-state.ts. The dialler makes the connections, the search finds the leader. The session decides about the
 * commands.
 */
import { HeadwaterError } from '../base/errors.js';
import { LEADER_LOOK_MS } from '../base/limits.js';
import type { Connection, ConnectionOwner } from './connection.js';
import { Dialler } from './dialler.js';
import type { Probed } from './discovery.js';
import { needsLeader } from './failures.js';
import { LeaderSearch } from './leader-search.js';
import type { ClientSettings } from './options.js';
import { APART, CLOSED, moved, type RouteState } from './route-state.js';
import { GivenSeeds, type Seeds } from './seeds.js';

export interface RouteEvents {
  /**
   * Called when another connection is in use.
   * @param before the node that was left for it. Undefined if the connection before was lost, or there was none.
   */
  arrived(address: string, before: Left | undefined): void;
  /** Called when commands may be sent again over the same connection. */
  routed(): void;
  /**
   * Called when no other node was found for the commands that the node in use has refused.
   * @param reason the reason why the leader that it names was not reached, if it names one.
   */
  stayed(reason: HeadwaterError | undefined): void;
  /** Called when no node lets the user of this client in. */
  shutOut(reason: HeadwaterError): void;
}

/** A node that was left for another. */
export interface Left {
  readonly address: string;
  /** The refusal of the node. Undefined if another node leads a later history. */
  readonly reason: HeadwaterError | undefined;
}

export class Route {
  readonly #redirect: boolean;
  /** True if the route looks for the leader from time to time by itself. */
  readonly #looks: boolean;
  readonly #events: RouteEvents;
  readonly #dialler: Dialler;
  readonly #search: LeaderSearch;
  #state = APART;

  constructor(seeds: Seeds, settings: ClientSettings, isGuided: boolean, owner: ConnectionOwner, events: RouteEvents) {
    this.#redirect = settings.redirect;
    this.#events = events;
    this.#dialler = new Dialler(seeds, settings, owner);
    this.#search = new LeaderSearch(seeds, settings.dial);
    // The store of a cluster reports each leader by itself.
    this.#looks = settings.redirect && !isGuided && seeds instanceof GivenSeeds && seeds.hasChoice;
  }

  get state(): RouteState {
    return this.#state;
  }

  /** The reason why there is no connection, undefined if there is one, or no attempt has failed. */
  get failure(): HeadwaterError | undefined {
    return this.#dialler.failure;
  }

  /** Aborts, with the reason, when the route is closed. */
  get ended(): AbortSignal {
    return this.#dialler.ended;
  }

  /** True for a node that is left: of its later answers only those to writes that it has done are of use. */
  isLeft(connection: Connection): boolean {
    const { name, connection: used, retiring } = this.#state;
    return name === 'moving' ? connection === used : connection === retiring;
  }

  // ---- connections --------------------------------------------------------------

  /**
   * Connects to the first of the seeds that answers. If another seed leads, connects there.
   * @throws HeadwaterError `unreachable` if none can be reached.
   */
  async connect(): Promise<void> {
    const looking = this.#looks ? this.#search.look(undefined) : undefined;
    this.#to({ name: 'dialling', connection: undefined, retiring: undefined });
    try {
      await this.#arrived(await this.#dialler.once());
    } catch (error) {
      this.#attemptFailed();
      throw error;
    }
    if (!looking) return;
    const settled = looking.then((nodes) => this.consider(nodes));
    await Promise.race([settled, new Promise((resolve) => setTimeout(resolve, LEADER_LOOK_MS).unref())]);
  }

  /** Begins to look for a connection, unless there is one or an attempt is on its way. */
  dial(): void {
    if (this.#state.name !== 'apart') return;
    this.#to({ name: 'dialling', connection: undefined, retiring: undefined });
    void this.#dialAgain();
  }

  async #dialAgain(): Promise<void> {
    const connection = await this.#dialler.again((reason) => this.#events.shutOut(reason));
    if (connection) await this.#arrived(connection);
  }

  /** Resolves with the connection, as soon as there is one. */
  ready(timeoutMs: number, signal: AbortSignal | undefined): Promise<Connection> {
    const { connection } = this.#state;
    if (connection) return Promise.resolve(connection);
    this.dial();
    return this.#dialler.next(timeoutMs, signal);
  }

  /** Ends a retiring connection that has answered all its commands. */
  retire(connection: Connection): void {
    if (connection !== this.#state.retiring || !connection.idle) return;
    this.#withoutRetiring();
    void connection.hangUp();
  }

  /** Notes that a connection is broken, whichever it was. */
  lost(connection: Connection): void {
    const { name, connection: used, retiring } = this.#state;
    if (connection.wasSilent) this.#dialler.avoid(connection.address);
    if (connection === retiring) this.#withoutRetiring();
    if (connection !== used) return;
    if (name === 'connected') return this.#to(APART);
    this.#to({ name: 'dialling', connection: undefined, retiring });
    if (name === 'retiring') void this.#dialAgain();
  }

  /** Ends every attempt. @returns the connections that are left to be ended. */
  close(reason: HeadwaterError): Connection[] {
    const { retiring, connection } = this.#state;
    this.#to(CLOSED);
    this.#dialler.end(reason);
    return [retiring, connection].filter((one) => one !== undefined);
  }

  /** Takes the connection into use. The one before retires. */
  async #arrived(connection: Connection, reason?: HeadwaterError): Promise<void> {
    const { name, connection: used, retiring = used } = this.#state;
    if (name !== 'dialling' && name !== 'moving') return connection.hangUp();
    this.#to(
      retiring ? { name: 'retiring', connection, retiring } : { name: 'connected', connection, retiring: undefined },
    );
    this.#dialler.arrived(connection);
    if (retiring) this.retire(retiring);
    this.#events.arrived(connection.address, used && { address: used.address, reason });
  }

  #attemptFailed(): void {
    const { name, connection } = this.#state;
    if (name === 'moving') this.#to({ name: 'connected', connection, retiring: undefined });
    else if (name === 'dialling') this.#to(APART);
  }

  #withoutRetiring(): void {
    const { connection } = this.#state;
    if (connection) this.#to({ name: 'connected', connection, retiring: undefined });
    else this.#to({ name: 'dialling', connection, retiring: undefined });
  }

  #to(state: RouteState): void {
    this.#state = moved(this.#state, state);
  }

  // ---- to the leader ------------------------------------------------------------

  /** Looks for the leader now and then, if this session is to do so, and while the node in use is silent. */
  look(nowMs: number): void {
    if (this.#looks && this.#search.isDue(nowMs)) void this.#lookAgain();
    const { name, connection } = this.#state;
    if (this.#redirect && name === 'connected' && this.#search.isDuePast(connection.silentMs(nowMs)))
      void this.#lookPast(connection);
  }

  /** The commands that wait for a silent node may never have an answer. */
  async #lookPast(connection: Connection): Promise<void> {
    const nodes = await this.#search.past(connection.address);
    if (this.#state.connection === connection) await this.consider(nodes);
  }

  async #lookAgain(): Promise<void> {
    await this.consider(await this.#search.look(this.#state.connection?.address));
  }

  /** Connects to the leader among those nodes, unless the node in use leads as late a history. */
  async consider(nodes: readonly Probed[]): Promise<void> {
    const { name, connection } = this.#state;
    if (!this.#redirect || name !== 'connected') return;
    const leader = this.#search.better(nodes, connection);
    if (!leader) return;
    this.#to({ name: 'moving', connection, retiring: undefined });
    if (!(await this.#goTo(leader))) return this.#breakIfSilent(nodes, connection);
    this.#attemptFailed();
    this.#events.routed();
  }

  /** Ends the connection to a node that was left and does not answer. The commands of the client would wait for it. */
  #breakIfSilent(nodes: readonly Probed[], left: Connection): void {
    if (left !== this.#state.retiring || nodes.some(({ address }) => address === left.address)) return;
    left.break(new HeadwaterError('unreachable', `${left.address} has not answered, and another node leads`));
  }

  /**
   * Searches for the leader, and connects there. Does nothing while there is no connection.
   * @param refusal of the node in use, which may name a leader.
   * @returns true if the node in use leads.
   */
  async seek(refusal: HeadwaterError | undefined): Promise<boolean> {
    const { name, connection } = this.#state;
    if (name !== 'connected') return false;
    const leader = refusal?.details.leader;
    const hint = typeof leader === 'string' ? leader : refusal && hintOf(refusal);
    const nodes = await this.#search.find(connection, hint);
    if (this.#state.connection !== connection) return false;
    await this.consider(nodes);
    return this.#state.connection === connection && this.#search.leads(nodes, connection.address);
  }

  /** True if another node may do what the node in use has refused. */
  mayLeave(connection: Connection, refusal: HeadwaterError): boolean {
    if (this.#state.name !== 'connected' || connection !== this.#state.connection) return false;
    return leaderOf(refusal, connection) !== undefined || this.#maySearch(refusal);
  }

  /** A node that is fresh enough is searched for among several addresses, a leader also among their neighbours. */
  #maySearch(refusal: HeadwaterError): boolean {
    return this.#search.mayFind && (this.#search.hasChoice || needsLeader(refusal));
  }

  /**
   * Connects to the leader that a refusal names, or else to one that is found. If there is none, the route stays, and
   * the refused commands fail with the reason.
   */
  async leave(from: Connection, refusal: HeadwaterError): Promise<void> {
    this.#to({ name: 'moving', connection: from, retiring: undefined });
    const hint = hintOf(refusal);
    const leader = leaderOf(refusal, from);
    const reason = leader === undefined ? undefined : await this.#goTo(leader, refusal);
    if (leader !== undefined && !reason) return;
    if (this.#maySearch(refusal)) {
      const found = this.#search.better(await this.#search.find(from, hint), from);
      if (found && !(await this.#goTo(found, refusal))) return;
    }
    this.#attemptFailed();
    this.#events.stayed(reason);
    this.#events.routed();
  }

  /**
   * Stays at the present node until the leader has accepted the stream.
   * @returns the reason why the leader has not.
   */
  async #goTo(leader: string, why?: HeadwaterError): Promise<HeadwaterError | undefined> {
    try {
      await this.#arrived(await this.#dialler.open(leader), why);
      return undefined;
    } catch (error) {
      const cause = HeadwaterError.from(error);
      return new HeadwaterError('unreachable', `the leader cannot be reached: ${cause.message}`, {
        cause,
        details: { leader },
      });
    }
  }
}

/** The leader that the refusal of a node names, unless that is the node itself. */
function leaderOf(refusal: HeadwaterError, { address }: Connection): string | undefined {
  const leader = HeadwaterError.is(refusal, 'read_only_follower') ? refusal.details.leader : undefined;
  return leader !== address ? leader || undefined : undefined;
}

/** The address of the later leader that a former leader names. */
function hintOf(refusal: HeadwaterError): string | undefined {
  return HeadwaterError.is(refusal, 'superseded') ? refusal.details.address : undefined;
}
