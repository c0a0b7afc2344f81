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
  /** Whether a person has set `clientsMax`. Otherwise it comes from the limit of open files. */
  readonly isChosen: boolean;
}

/**
 * @param descriptorsFor the places in all, by the limit of open files. Undefined for no bound.
 * @param perAddressMax the places for clients of one address. Undefined for no bound.
 * @param clientsMax the places for clients that a person wants. Undefined for no bound of its own.
 */
export function placeBounds(
  descriptorsFor: number | undefined,
  perAddressMax: number | undefined,
  clientsMax = Number.POSITIVE_INFINITY,
): PlaceBounds {
  const all = descriptorsFor ?? Number.POSITIVE_INFINITY;
  const reserved = Math.min(RESERVED_CONNECTIONS, Math.ceil(all * RESERVED_CONNECTIONS_PART));
  return {
    clientsMax: Math.min(all - reserved, clientsMax),
    reserved,
    perAddressMax: perAddressMax ?? Number.POSITIVE_INFINITY,
    isChosen: clientsMax < all - reserved,
  };
}

export function shortageInAll({ clientsMax, reserved, isChosen }: PlaceBounds): HeadwaterError {
  return new HeadwaterError(
    'overloaded',
    `the node has too many connections of clients: expected at most ${clientsMax}, received another. ${reserved} more are reserved for replication and administration. Close connections, or raise ${isChosen ? '--max-connections' : 'the limit of open files of the node (ulimit -n)'}`,
  );
}

export function shortageAtAddress(host: string, { perAddressMax }: PlaceBounds): HeadwaterError {
  return new HeadwaterError(
    'overloaded',
    `the node has too many connections of clients from ${host}: expected at most ${perAddressMax} (--connections-per-address), received another. Close connections, or raise --connections-per-address`,
  );
}
