/**
 * The user at etcd, and the token that etcd gives for the password. A member may forget tokens at any time, as after a
 * restart, so the token is renewed when etcd does not accept it. No message has the password or a token in it.
 */
import { EtcdRefusal } from './errors.js';
import { isWithoutUsers } from './status.js';

export interface EtcdUser {
  readonly user: string;
  readonly password: string;
}

/** Asks etcd for a token. @throws CallFailure */
type Authenticate = (user: EtcdUser, deadlineMs: number) => Promise<string>;

export class UserToken {
  readonly #user: EtcdUser | undefined;
  readonly #authenticate: Authenticate;
  /** Shared by the requests that need it. Undefined if a new one is needed. */
  #token: Promise<string | undefined> | undefined;

  constructor(user: EtcdUser | undefined, authenticate: Authenticate) {
    this.#user = user;
    this.#authenticate = authenticate;
  }

  get name(): string | undefined {
    return this.#user?.user;
  }

  /** The token for a request. Undefined without a user, or if etcd has no users at the moment. */
  async current(deadlineMs: number): Promise<string | undefined> {
    const user = this.#user;
    if (user === undefined) return undefined;
    this.#token ??= this.#authenticate(user, deadlineMs).catch(noToken);
    const token = this.#token;
    try {
      return await token;
    } catch (error) {
      if (this.#token === token) this.#token = undefined;
      throw error;
    }
  }

  /** Forgets a token that etcd does not accept, unless another request has renewed it. */
  async refused(token: string | undefined): Promise<boolean> {
    if (this.#user === undefined) return false;
    const known = await this.#token?.catch(() => undefined);
    if (known === token) this.#token = undefined;
    return true;
  }
}

/** A user of an etcd without users needs no token. */
function noToken(error: Error): undefined {
  if (!(error instanceof EtcdRefusal) || !isWithoutUsers(error.cause as Error)) throw error;
}
