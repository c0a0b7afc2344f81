/** The position of all that a connection has seen. A client that has seen nothing gets the position of the node. */
import { ORIGIN, type Position } from '../../model/position.js';
import type { CommandSession } from '../command.js';

const NO_MESSAGE = Buffer.alloc(0);

export async function positionSeen(session: CommandSession): Promise<Position> {
  const { state } = session;
  if (!state.seen) {
    const [reply] = await session.execute([{ kind: 'ping', message: NO_MESSAGE }], 0);
    if (reply?.kind === 'error') throw reply.error;
  }
  return state.seen ?? ORIGIN;
}
