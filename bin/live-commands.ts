/** The commands that show what happens now: `top`, `monitor` and `latency`. Each loads its view when it runs. */
import type { Command } from 'commander';
import { parseText } from './arguments.js';
import { onNode, type Session } from './connection.js';
import type { ExitStatus } from './output.js';

export function addLiveCommands(program: Command): void {
  program.commandsGroup('Live views:');
  program
    .command('monitor')
    .summary('print the commands of all clients as the node receives them, until Ctrl-C')
    .description(
      'print the commands of all clients as the node receives them, until Ctrl-C: time, client, command. Long keys and values are cut. The node never waits for a monitor: commands that the monitor is too slow for are counted',
    )
    .option('--prefix <P>', 'print only commands that name a key with this beginning', parseText)
    .action(
      onNode(async (session: Session, options: { prefix?: string }): Promise<ExitStatus> => {
        const { monitor } = await import('./monitor.js');
        return monitor(session, options);
      }),
    );
}
