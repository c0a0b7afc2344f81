/** `id renew`: for a data directory that is a copy of another node's. */
import type { Command } from 'commander';
import { parsePath } from './arguments.js';
import { Output } from './output.js';

const AFTER_HELP = `
A node whose data directory is a copy of another node's has that node's ID, and is
refused by the nodes that know the other one. Stop the copy, renew its ID, and
start it again. The data stay as they are.`;

export function addIdCommands(program: Command): void {
  const id = program.command('id').description('the ID of a node').helpCommand(false);
  id.command('renew')
    .description('give the data directory of a stopped node a fresh node ID')
    .requiredOption('--data <DIR>', 'the data directory of a node that is not running', parsePath)
    .addHelpText('after', AFTER_HELP)
    .action(renew);
}

async function renew(_: object, command: Command): Promise<void> {
  const { data, json = false } = command.optsWithGlobals<{ data: string; json?: boolean }>();
  const { renewNodeId } = await import('../src/store/node-id.js');
  const { nodeId, nodeIdBefore } = await renewNodeId(data);
  const fields = { node_id: nodeId, node_id_before: nodeIdBefore };
  await new Output({ json }).result(fields, `the node ID is ${nodeId} now, it was ${nodeIdBefore}`);
}
