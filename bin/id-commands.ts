/** `id renew`: for a data directory that is a copy of another node's. */
import type { Command } from 'commander';
import { parsePath } from './arguments.js';
import { Output } from './output.js';

const AFTER_HELP = `
A copy of a data directory has the node ID of the original, so other nodes refuse
the copy. Stop the copy, renew its ID, and start it again. The data do not change.`;

export function addIdCommands(program: Command): void {
  const id = program.command('id').description('commands on the node ID of a data directory').helpCommand(false);
  id.command('renew')
    .description('give the data directory of a stopped node a new node ID')
    .requiredOption('--data <DIR>', 'the data directory of a stopped node', parsePath)
    .addHelpText('after', AFTER_HELP)
    .action(renew);
}

async function renew(_: object, command: Command): Promise<void> {
  const { data, json = false } = command.optsWithGlobals<{ data: string; json?: boolean }>();
  const { renewNodeId } = await import('../src/store/node-id.js');
  const { nodeId, nodeIdBefore } = await renewNodeId(data);
  const fields = { node_id: nodeId, node_id_before: nodeIdBefore };
  await new Output({ json }).result(fields, `the node ID is now ${nodeId}; it was ${nodeIdBefore}`);
}
