/**
 * The commands on a node: its status, its digest, and the node that it follows. The fields of --json are those of the
 * status message in snake case.
 */
import { type Command, Option } from 'commander';
import { parseInterval, parseNode, parseUpstream } from './arguments.js';
import { onlyAddress, onNode, type Session } from './connection.js';
import { plural } from './figures.js';
import { snakeCase } from './json-names.js';
import { late } from './late-action.js';
import { EXIT, type ExitStatus } from './output.js';

export function addNodeCommands(program: Command): void {
  program.commandsGroup('Nodes:');
  program.command('ping').description('print PONG if the node answers').action(onNode(ping));
  program
    .command('status')
    .description('print the role of the node, its position, and its replication links')
    .option(
      '--watch [TIME]',
      'look again and again until Ctrl-C or q: every second, or that often. On a terminal the screen is redrawn, into a pipe each look is a line',
      parseInterval,
    )
    .action(onNode(status));
  program
    .command('digest')
    .description('print a digest of all data: two nodes with equal digests at one offset have equal data')
    .action(onNode(digest));
  program
    .command('follow')
    .argument('<HOST:PORT>', 'the node to follow', parseUpstream)
    .description('make the node a read-only follower of another node; restarts keep this')
    .option('--accept-data-loss', 'drop the data of this node if the two histories conflict')
    .option(
      '--full',
      'begin with a full resync, even if a partial one is possible; the node serves its old data meanwhile',
    )
    .action(onNode(follow));
  program
    .command('promote')
    .summary('make the node the leader; restarts keep this')
    .description(
      'make the node the leader; restarts keep this, and its followers continue without a full resync. The old leader is not stopped: use "failover" if it runs',
    )
    .action(onNode(promote));
  program
    .command('failover')
    .summary('hand over the leadership to a follower without losing an acknowledged write')
    .description(
      'hand over the leadership to a follower without losing an acknowledged write. --timeout limits how long writes wait (default: 5s). Interrupting this command does not stop the hand-over',
    )
    .option(
      '--to <NODE>',
      'HOST:PORT or the node ID of the new leader (default: the follower with the highest offset)',
      parseNode,
    )
    .action(onNode(failover, { waits: true }));
  program
    .command('forget')
    .argument('<NODE>', 'the node ID of the follower, its unique beginning, or HOST:PORT', parseNode)
    .summary('forget a follower that is away, and keep no more log for it')
    .description(
      'forget a follower that is away, and keep no more log for it. If the follower comes back after its part of the log was trimmed, it needs a full resync. "status" lists the followers that are away',
    )
    .action(onNode(forget));
  addLeavingCommands(program);
}

/** How long `node remove` waits for the end of the node. */
const STOPPED_MS_MAX = 5 * 60_000;

function addLeavingCommands(program: Command): void {
  program
    .command('drain')
    .summary('prepare a node to be stopped: a leader hands over, and the node is not ready for clients any more')
    .description(
      'prepare a node to be stopped. A leader hands over to a follower. From then on the node says that it is not ready (/readyz, and the health of gRPC), and takes over no leadership. All calls are still served until it is stopped. A restart takes the mark back. If the hand-over fails, nothing has changed',
    )
    .option(
      '--to <NODE>',
      'HOST:PORT or the node ID of the new leader (default: the follower with the highest offset)',
      parseNode,
    )
    .option('--undo', 'take the mark back')
    .action(late(({ drain }) => drain));
  const node = program.command('node').description('commands on a node of the tree').helpCommand(false);
  node
    .command('remove')
    .argument('<NODE>', 'the node ID of the follower, its unique beginning, or HOST:PORT', parseNode)
    .summary('take a follower out of the tree for ever')
    .description(
      'take a follower out of the tree for ever: its followers follow its upstream, and no node keeps log for it. The command cannot stop a process: while the node runs, it waits until somebody has stopped it',
    )
    .addOption(
      new Option('--wait <TIME>', 'how long to wait until the node is stopped')
        .argParser(parseInterval)
        .default(STOPPED_MS_MAX, '5m'),
    )
    .action(
      onNode(async (session: Session, name: string, options: { wait: number }) => {
        const { removeNode } = await import('./late-commands.js');
        return removeNode(session, name, options);
      }),
    );
  program
    .command('doctor')
    .summary('look at every node and its machine, and print what to fix, with the command (exit status 1 if anything)')
    .description(
      'look at every node of the tree and at its machine: roles, links, damage, lost writes, headroom, the archive, versions, clocks, disks, memory, swap space, limits. Print what somebody should do, with the command. Begin at any node. Exit status 1 if something is critical or a warning. --timeout limits how long a node may take to answer (default: 2s)',
    )
    .action(late(({ doctor }) => doctor));
}

async function ping({ client, output }: Session): Promise<ExitStatus> {
  await client.ping();
  await output.result({ reply: 'PONG' }, 'PONG');
  return EXIT.DONE;
}

/** How often --watch looks if no time is given. */
const WATCH_MS = 1_000;

async function status(session: Session, { watch }: { watch?: number | true }): Promise<ExitStatus> {
  const { showStatus } = await import('./late-commands.js');
  return showStatus(session, watch === true ? WATCH_MS : watch);
}

/** The default timeout of a digest, for which the node reads all its data. */
const DIGEST_MS_MAX = 60 * 60 * 1_000;

async function digest({ client, output, timeoutMs = DIGEST_MS_MAX }: Session): Promise<ExitStatus> {
  const { offset, keys, digest: value } = await client.digest({ timeoutMs });
  await output.result({ offset, keys, digest: value }, `${value}  offset ${offset}  ${plural(keys, 'key')}`);
  return EXIT.DONE;
}

async function follow(
  { client, output, addresses }: Session,
  address: string,
  options: { acceptDataLoss?: boolean; full?: boolean },
): Promise<ExitStatus> {
  const node = onlyAddress('follow', addresses);
  await client.follow(address, options);
  await output.result(
    { address: node, following: address },
    `${node} follows ${address}; "status" shows the progress of the resync`,
  );
  return EXIT.DONE;
}

async function promote({ client, output, addresses }: Session): Promise<ExitStatus> {
  const node = onlyAddress('promote', addresses);
  const { replicationId, epoch, firstOffset } = await client.promote();
  await output.result(
    { address: node, role: 'leader', replication_id: replicationId, epoch, first_offset: firstOffset },
    `${node} leads from offset ${firstOffset} under the history ${replicationId}, epoch ${epoch}`,
  );
  return EXIT.DONE;
}

async function failover(
  { client, output, addresses, timeoutMs = 0 }: Session,
  { to = '' }: { to?: string },
): Promise<ExitStatus> {
  onlyAddress('failover', addresses);
  const done = await client.failover({ to, waitMs: timeoutMs });
  const pause = done.pauseMs.toFixed(1);
  await output.result(
    snakeCase(done) as object,
    `${done.newLeader} leads from offset ${done.offset} in place of ${done.oldLeader}; writes waited ${pause} ms, ${plural(done.followersMoved, 'other follower')} moved to the new leader`,
  );
  return EXIT.DONE;
}

async function forget({ client, output, addresses }: Session, name: string): Promise<ExitStatus> {
  const node = onlyAddress('forget', addresses);
  const forgotten = await client.forget(name);
  const { nodeId, address, appendedOffset } = forgotten;
  await output.result(
    snakeCase(forgotten) as object,
    `${node} has forgotten ${address} (${nodeId}): the log after offset ${appendedOffset} is no longer kept for it`,
  );
  return EXIT.DONE;
}
