/** Commands about the connection: PING, ECHO, QUIT. */
import type { CommandFamily } from '../command.js';
import { Refusal, wrongArity } from '../refusal.js';

export const connectionCommands: CommandFamily = {
  ping: {
    run: ({ out }, request) => {
      if (request.length > 2) throw new Refusal(wrongArity('ping'));
      const message = request[1];
      if (message) out.bulk(message);
      else out.simple('PONG');
    },
  },

  echo: { run: ({ out }, request) => out.bulk(request[1] as Buffer) },

  quit: {
    run: (session) => {
      session.out.simple('OK');
      session.close();
    },
  },
};
