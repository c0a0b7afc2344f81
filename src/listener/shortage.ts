/** The numbers of places, and the refusal of a client that finds none: both values, and the advice. */
import { HeadwaterError } from '../base/errors.js';
import { RESERVED_CONNECTIONS, RESERVED_CONNECTIONS_PART } from '../base/limits.js';

export interface PlaceBounds {
  /** The most connections of clients. Infinity for no bound. */
  readonly clientsMax: number;
  /** The places beyond these, for replication and administration. */
  readonly reserved: number;
  /** The most connections of clients from one address. Infinity for no bound. */
  readonly perAddressMax: number;
}

/**
 * @param connectionsMax the places in all. Undefined for no bound.
 * @param perAddressMax the places for clients of one address. Undefined for no bound.
 */
export function placeBounds(connectionsMax: number | undefined, perAddressMax: number | undefined): PlaceBounds {
  const all = connectionsMax ?? Number.POSITIVE_INFINITY;
  const reserved = Math.min(RESERVED_CONNECTIONS, Math.ceil(all * RESERVED_CONNECTIONS_PART));
  return { clientsMax: all - reserved, reserved, perAddressMax: perAddressMax ?? Number.POSITIVE_INFINITY };
}

export function shortageInAll({ clientsMax, reserved }: PlaceBounds): HeadwaterError {
  return new HeadwaterError(
    'overloaded',
    `the node has too many connections of clients: expected at most ${clientsMax}, received another. ${reserved} more are reserved for replication and administration. Close connections, or raise the limit of open files of the node (ulimit -n)`,
  );
}

export function shortageAtAddress(host: string, { perAddressMax }: PlaceBounds): HeadwaterError {
  return new HeadwaterError(
    'overloaded',
    `the node has too many connections of clients from ${host}: expected at most ${perAddressMax} (--connections-per-address), received another. Close connections, or raise --connections-per-address`,
  );
}
