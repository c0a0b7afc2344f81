/**
 * The places of a node for connections. Most are for clients. The last are a reserve, so that followers and operators
 * reach a node whose places for clients are all taken. The purpose of a connection shows only in its calls, so the
 * reserve takes every connection that finds no other place. Such a connection carries the calls of replication and
 * administration, and is refused those of clients. A connection of the reserve that has carried no such call yet gives
 * way to a newer one.
 */
import type { HeadwaterError } from '../base/errors.js';
import { SILENT_YIELD_MS_MIN } from '../base/limits.js';
import { type PlaceBounds, shortageAtAddress, shortageInAll } from './shortage.js';
import type { SilentConnections } from './silent-connections.js';

/** A connection, as its place sees it. */
export interface Occupant {
  /** The address of the other side, without its port. */
  readonly host: string;
  /** Closes the connection, since another needs its place. */
  drop(): void;
}

export class Places<Connection extends Occupant> {
  /** The numbers of places. Connections that have a place keep it when the bounds become lower. */
  bounds: PlaceBounds;
  readonly #yielding: ReadonlyArray<SilentConnections<Connection>>;
  readonly #clients = new Set<Connection>();
  /** The number of places for clients by the host that has them. */
  readonly #byHost = new Map<string, number>();
  readonly #reserve = new Set<Connection>();
  /** Connections of the reserve that have carried no call of replication or administration, oldest first. */
  readonly #unproven = new Set<Connection>();

  /** @param yielding the connections that yield their places, in the order of their kinds. */
  constructor(bounds: PlaceBounds, ...yielding: ReadonlyArray<SilentConnections<Connection>>) {
    this.bounds = bounds;
    this.#yielding = yielding;
  }

  /** @returns false if there is no place, and none that has to give way. */
  open(connection: Connection): boolean {
    this.#makeRoomForClient(connection);
    if (this.#shortage(connection) === undefined) {
      this.#seat(connection);
      return true;
    }
    if (this.#reserve.size >= this.bounds.reserved) this.#makeRoomInReserve();
    if (this.#reserve.size >= this.bounds.reserved) return false;
    this.#reserve.add(connection);
    this.#unproven.add(connection);
    return true;
  }

  isForClient(connection: Connection): boolean {
    return this.#clients.has(connection);
  }

  /**
   * Asks for a place for a client, which the connection may have already.
   * @returns the reason if there is none.
   */
  claim(connection: Connection): HeadwaterError | undefined {
    if (!this.#reserve.has(connection)) return undefined;
    // Connections that were silent for too short a time when this one was opened may have to yield now.
    this.#makeRoomForClient(connection);
    const shortage = this.#shortage(connection);
    if (shortage !== undefined) return shortage;
    this.#reserve.delete(connection);
    this.#unproven.delete(connection);
    this.#seat(connection);
    return undefined;
  }

  /** Notes that the connection carries calls of replication or administration. */
  prove(connection: Connection): void {
    this.#unproven.delete(connection);
  }

  release(connection: Connection): void {
    this.#reserve.delete(connection);
    this.#unproven.delete(connection);
    if (!this.#clients.delete(connection)) return;
    const left = this.#ofHost(connection) - 1;
    if (left > 0) this.#byHost.set(connection.host, left);
    else this.#byHost.delete(connection.host);
  }

  #seat(connection: Connection): void {
    this.#clients.add(connection);
    this.#byHost.set(connection.host, this.#ofHost(connection) + 1);
  }

  #ofHost({ host }: Connection): number {
    return this.#byHost.get(host) ?? 0;
  }

  #shortage(connection: Connection): HeadwaterError | undefined {
    const { clientsMax, perAddressMax } = this.bounds;
    if (this.#ofHost(connection) >= perAddressMax) return shortageAtAddress(connection.host, this.bounds);
    return this.#clients.size >= clientsMax ? shortageInAll(this.bounds) : undefined;
  }

  /** A client that is slow to send its first byte, or its secret, keeps its place for a moment, even if others wait. */
  #makeRoomForClient(newcomer: Connection): void {
    const { clientsMax, perAddressMax } = this.bounds;
    if (this.#clients.size < clientsMax || this.#ofHost(newcomer) >= perAddressMax) return;
    for (const connections of this.#yielding) {
      const oldest = connections.oldest(SILENT_YIELD_MS_MIN, (connection) => this.#clients.has(connection));
      if (oldest) return this.#end(oldest);
    }
  }

  #makeRoomInReserve(): void {
    const [oldest] = this.#unproven;
    if (oldest) this.#end(oldest);
  }

  #end(connection: Connection): void {
    this.release(connection);
    connection.drop();
  }
}
