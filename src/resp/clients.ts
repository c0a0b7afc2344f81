/** The Redis clients of a node, as the commands see them that look at other clients. */
import type { Clock } from '../base/clock.js';
import type { ConnectionFigures } from './session/connection.js';
import { Pause } from './session/pause.js';
import type { SessionState } from './session/session-state.js';

/** A connected client. */
export interface Client {
  readonly state: SessionState;
  /** The address:port of the client. */
  readonly peer: string;
  readonly figures: ConnectionFigures;
  /** Closes the connection at once. */
  drop(): void;
}

/** The clients of a door. Commands see less of each client than the door does. */
export class Clients<C extends Client = Client> {
  readonly pause: Pause;
  readonly #clients = new Map<number, C>();

  constructor(clock: Clock) {
    this.pause = new Pause(clock);
  }

  get size(): number {
    return this.#clients.size;
  }

  /** The clients in the order in which they connected. */
  [Symbol.iterator](): Iterator<C> {
    return this.#clients.values();
  }

  get(id: number): C | undefined {
    return this.#clients.get(id);
  }

  add(client: C): void {
    this.#clients.set(client.state.id, client);
  }

  remove(client: C): void {
    this.#clients.delete(client.state.id);
    this.pause.forget(client);
  }

  /** The number of clients whose command waits. */
  get blocked(): number {
    return [...this].filter((client) => this.isBlocked(client)).length;
  }

  /** True if the command of the client waits: for something that others do, or for the end of a pause. */
  isBlocked(client: Client): boolean {
    return client.state.blocking.isOn || this.pause.isHolding(client);
  }
}
