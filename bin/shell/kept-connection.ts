/**
 * The connection of a shell, which all its commands share. The first command that needs a node makes it. If the node goes
 * away, the client reconnects by itself. Ctrl-C closes the connection that a command waits on, and the next command
 * makes another one.
 */
import { HeadwaterError } from '../../src/base/errors.js';
import type { Client } from '../../src/client/index.js';
import { type Credentials, connectTo, type Lender } from '../connection.js';

const STATUS_MS_MAX = 500;
/** The time that a prompt waits for the role of the node. */
const PROMPT_MS_MAX = 300;
const CLOSE_MS_MAX = 500;

export class KeptConnection implements Lender {
  readonly timeoutMs: number | undefined;
  #credentials: Credentials;
  #addresses: readonly string[];
  #connecting: Promise<Client> | undefined;
  #borrowed = new Set<Client>();
  /** The connection, once it is made. */
  #client: Client | undefined;
  #hasFailed = false;

  constructor(addresses: readonly string[], credentials: Credentials, timeoutMs: number | undefined) {
    this.#addresses = addresses;
    this.#credentials = credentials;
    this.timeoutMs = timeoutMs;
  }

  get addresses(): readonly string[] {
    return this.#addresses;
  }

  get credentials(): Credentials {
    return this.#credentials;
  }

  /** Whether the last attempt to connect has failed, or a command has failed for want of a connection. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /** Notes the error of a command. A node that went away fails every further command after the same wait. */
  commandFailed(error: unknown): void {
    const isFutile = HeadwaterError.is(error, 'unreachable') || HeadwaterError.is(error, 'deadline_exceeded');
    if (isFutile && this.#client?.connection.status === 'connecting') this.#hasFailed = true;
  }

  /** The connection; a failed attempt is repeated. */
  lend(): Promise<Client> {
    this.#connecting ??= this.#connect();
    return this.#connecting;
  }

  note(client: Client): void {
    this.#borrowed.add(client);
  }

  /** Forgets the connections that commands made for themselves. */
  commandEnded(): void {
    this.#borrowed.clear();
  }

  /** Uses other nodes from now on. @throws HeadwaterError if they cannot be reached; the connection stays as it is. */
  async moveTo(addresses: readonly string[], others: Credentials): Promise<void> {
    const credentials = { ...this.#credentials, ...others };
    // A script must not go on at the node that it wanted to leave.
    this.#hasFailed = true;
    const client = await connectTo(addresses, credentials, this.timeoutMs);
    this.#hasFailed = false;
    await this.close();
    this.#addresses = addresses;
    this.#credentials = credentials;
    this.#client = client;
    this.#connecting = Promise.resolve(client);
  }

  /** Gives up what the running command waits for. */
  async giveUp(): Promise<void> {
    const clients = [...this.#borrowed];
    const own = this.#connecting;
    this.#connecting = undefined;
    own?.then(
      (client) => client.close({ timeoutMs: 0 }),
      () => {},
    );
    await Promise.all(clients.map((client) => client.close({ timeoutMs: 0 })));
  }

  /** The role of the node for a prompt, or why there is none. */
  async role(): Promise<string> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<string>((resolve) => {
      timer = setTimeout(() => resolve('no answer'), PROMPT_MS_MAX);
    });
    try {
      return await Promise.race([this.#role(), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  async close(): Promise<void> {
    const client = await this.#connecting?.catch(() => undefined);
    this.#connecting = undefined;
    await client?.close({ timeoutMs: CLOSE_MS_MAX });
  }

  async #role(): Promise<string> {
    try {
      const client = await this.lend();
      return (await client.status({ timeoutMs: STATUS_MS_MAX })).role;
    } catch (error) {
      return HeadwaterError.is(error, 'unreachable') ? 'unreachable' : 'no answer';
    }
  }

  async #connect(): Promise<Client> {
    try {
      const client = await connectTo(this.#addresses, this.#credentials, this.timeoutMs);
      this.#hasFailed = false;
      this.#client = client;
      return client;
    } catch (error) {
      this.#connecting = undefined;
      this.#hasFailed = true;
      throw error;
    }
  }
}
