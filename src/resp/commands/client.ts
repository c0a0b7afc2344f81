/** CLIENT: the connections of clients, looked at and changed. */
import { wordOf } from '../arguments.js';
import { clientAttribute, clientName } from '../client-attribute.js';
import type { CommandFamily, CommandSession } from '../command.js';
import { Refusal } from '../refusal.js';
import type { Request } from '../request-parser.js';

export const clientCommands: CommandFamily = {
  'client|id': { run: ({ out, state }) => out.integer(state.id) },

  'client|getname': {
    run: ({ out, state }) => {
      if (state.name === '') out.null();
      else out.bulk(state.name);
    },
  },

  'client|setname': {
    run: ({ out, state }, request) => {
      state.name = clientName(request[2] as Buffer);
      out.simple('OK');
    },
  },

  'client|setinfo': { run: setInfo },
};

function setInfo({ out, state }: CommandSession, request: Request): void {
  const [, , attribute, value] = request as [Buffer, Buffer, Buffer, Buffer];
  const shown = attribute.toString('latin1');
  const field = ({ 'lib-name': 'name', 'lib-ver': 'version' } as const)[wordOf(attribute)];
  if (field === undefined) throw new Refusal(`ERR Unrecognized option '${shown}'`);
  state.library[field] = clientAttribute(value, shown);
  out.simple('OK');
}
