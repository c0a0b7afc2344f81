/** The events of a client's connection, and the functions that listen to them. */
import { HeadwaterError } from '../base/errors.js';
import { optionNames } from '../base/option-names.js';

/** The client has connected again. */
export interface ConnectedEvent {
  /** The node that commands go to now, host:port. */
  readonly address: string;
}

/** The client has gone to another node, such as a new leader. The connection before was not lost. */
export interface MovedEvent {
  /** The node that commands went to before, host:port. */
  readonly from: string;
  /** The node that commands go to now, host:port. */
  readonly to: string;
  /** The refusal of the node before. Undefined if the client itself found a later leader. */
  readonly reason: HeadwaterError | undefined;
}

/** The connection was lost. The client connects again by itself. */
export interface LostEvent {
  /** The node that was lost, host:port. */
  readonly address: string;
  /** The failure of the connection. */
  readonly reason: HeadwaterError;
}

/** The events of a client by name. */
export interface ClientEvents {
  /** After `lost`, when commands are sent again. */
  readonly connected: ConnectedEvent;
  /** When commands go to another node. */
  readonly moved: MovedEvent;
  /** When the connection broke. Not when the client is closed. */
  readonly lost: LostEvent;
}

/** A function that is called for an event. */
export type Listener<Event> = (event: Event) => unknown;

const NAMES = optionNames<ClientEvents>({ connected: true, moved: true, lost: true });

interface Registered {
  readonly listener: Listener<never>;
  readonly once: boolean;
}

export class Listeners {
  readonly #registered = new Map<keyof ClientEvents, Registered[]>();

  /** @throws HeadwaterError `invalid_argument` if there is no such event, or the listener is no function. */
  add<Name extends keyof ClientEvents>(name: Name, listener: Listener<ClientEvents[Name]>, once: boolean): void {
    if (!NAMES.has(name))
      throw new HeadwaterError('invalid_argument', `event: expected one of ${[...NAMES].join(', ')}, received ${name}`);
    if (typeof listener !== 'function')
      throw new HeadwaterError('invalid_argument', `listener: expected a function, received ${typeof listener}`);
    this.#registered.set(name, [...(this.#registered.get(name) ?? []), { listener, once }]);
  }

  remove<Name extends keyof ClientEvents>(name: Name, listener: Listener<ClientEvents[Name]>): void {
    const registered = this.#registered.get(name) ?? [];
    const at = registered.findLastIndex((one) => one.listener === listener);
    this.#registered.set(
      name,
      registered.filter((_, index) => index !== at),
    );
  }

  /** Calls the listeners. The failure of a listener is a warning of the process. The client and other listeners go on. */
  emit<Name extends keyof ClientEvents>(name: Name, event: ClientEvents[Name]): void {
    const registered = this.#registered.get(name);
    if (!registered || registered.length === 0) return;
    this.#registered.set(
      name,
      registered.filter(({ once }) => !once),
    );
    for (const { listener } of registered) void call(listener as Listener<ClientEvents[Name]>, event, name);
  }
}

async function call<Event>(listener: Listener<Event>, event: Event, name: string): Promise<void> {
  try {
    await listener(event);
  } catch (error) {
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.emitWarning(`a listener of the event "${name}" of a Headwater client failed: ${why}`);
  }
}
