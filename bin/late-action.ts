/** Actions whose code is loaded when they run. */
import { onNode, type Session } from './connection.js';
import type { ExitStatus } from './output.js';

type LateCommands = typeof import('./late-commands.js');

/** @param choose the command among those of late-commands.ts. */
export function late<Options>(
  choose: (commands: LateCommands) => (session: Session, options: Options) => Promise<ExitStatus>,
) {
  return onNode(async (session: Session, options: Options) =>
    choose(await import('./late-commands.js'))(session, options),
  );
}
