/** MONITOR: the connection receives the commands of all clients, until RESET or its end. */

import { listenerOf } from '../channels/listening.js';
import type { CommandFamily } from '../command.js';
import { Refusal } from '../replies/refusal.js';

export const monitorCommands: CommandFamily = {
  monitor: {
    run: (session) => {
      const { state, node, out } = session;
      if (state.transaction.isExecuting) throw new Refusal("ERR MONITOR isn't allowed for DENY BLOCKING client");
      // Redis sends no second reply either.
      if (state.listener?.isMonitor) return;
      node.monitors.add(listenerOf(session));
      out.simple('OK');
    },
  },
};
