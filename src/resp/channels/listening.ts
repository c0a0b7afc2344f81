/** The listener of a connection: made at the first subscription or monitor, and over with the connection. */
import type { CommandSession } from '../command.js';
import { Listener } from './listener.js';

export function listenerOf(session: CommandSession): Listener {
  const { state, node, signal } = session;
  signal.throwIfAborted();
  if (state.listener) return state.listener;
  const listener: Listener = new Listener(session, node.pushes.open(session), () => {
    node.channels.leave(listener);
    node.monitors.leave(listener);
  });
  const end = () => {
    listener.leave();
    listener.pushes.close();
  };
  signal.addEventListener('abort', end, { once: true });
  state.listener = listener;
  return listener;
}
