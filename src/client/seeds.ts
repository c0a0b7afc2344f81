/** The addresses at which a client begins to look for the nodes of its store. */
import type { HeadwaterError } from '../base/errors.js';

export interface Seeds {
  /** host:port each, the best first. */
  readonly addresses: readonly string[];
  /** True if there may be more than one node. */
  readonly hasChoice: boolean;
  /** The node that leads, if the source of the addresses knows that and not the nodes alone. */
  readonly leader: string | undefined;
  /** The reason why there are no addresses. Undefined if there are some. */
  readonly failure: HeadwaterError | undefined;
  /**
   * Brings the addresses up to date, and resolves then. While there are none, waits for some for at most that time.
   * Never rejects: addresses that cannot be brought up to date stay as they are.
   */
  renew(timeoutMs: number): Promise<void>;
  /** The same addresses, this one first. */
  beginningWith(address: string): Seeds;
}

/** Addresses that the caller of the client has given. */
export class GivenSeeds implements Seeds {
  readonly addresses: readonly string[];
  readonly leader = undefined;
  readonly failure = undefined;

  constructor(addresses: readonly string[]) {
    this.addresses = addresses;
  }

  get hasChoice(): boolean {
    return this.addresses.length > 1;
  }

  renew(): Promise<void> {
    return Promise.resolve();
  }

  beginningWith(address: string): Seeds {
    return new GivenSeeds([...new Set([address, ...this.addresses])]);
  }
}
