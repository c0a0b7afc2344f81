/** Bytes that are counted by connection: of requests that are received, and of replies that wait. */

export interface ConnectionBytes {
  bytes: number;
}

/** Keeps an account for each connection, for as long as the connection is referred to. */
export class ConnectionAccounts {
  readonly #accounts = new WeakMap<object, ConnectionBytes>();

  /** @param connection the same object for all calls of one connection. */
  of(connection: object): ConnectionBytes {
    let account = this.#accounts.get(connection);
    if (!account) {
      account = { bytes: 0 };
      this.#accounts.set(connection, account);
    }
    return account;
  }
}
