/** INFO: the state of the node. */
import { wordOf } from '../arguments/arguments.js';
import type { Request } from '../codec/request-parser.js';
import type { CommandFamily, CommandSession } from '../command.js';
import { infoFacts } from '../info/facts.js';
import { infoText, sectionsWanted } from '../info/sections.js';

export const infoCommands: CommandFamily = {
  info: { run: info },
};

async function info(session: CommandSession, request: Request): Promise<void> {
  const wanted = sectionsWanted(request.slice(1).map(wordOf));
  const facts = await infoFacts(session);
  session.out.verbatim(infoText(wanted, facts));
}
