/** The listener of a connection: made at the first subscription or monitor, and over with the connection. */
import type { CommandSession } from '../command.js';
import { Listener } from './listener.js';

export function listenerOf(session: CommandSession): Listener {
  const { state, node, signal } = session;
  signal.throwIfAborted();
  let { listener } = state;
  if (!listener) {
    const made = new Listener(session, node.pushes.open(session));
    signal.addEventListener('abort', () => end(session, made), { once: true });
    state.listener = made;
    listener = made;
  }
  listener.onReset(() => leave(session, listener), state);
  return listener;
}

function end(session: CommandSession, listener: Listener): void {
  leave(session, listener);
  listener.pushes.close();
}

function leave({ node }: CommandSession, listener: Listener): void {
  node.channels.leave(listener);
  node.monitors.leave(listener);
}
