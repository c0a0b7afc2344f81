/** The commands on the cluster of a node, whose leader a store such as etcd decides. */
import type { Command } from 'commander';
import { parseNode } from './arguments.js';
import { late } from './late-action.js';

export function addClusterCommands(program: Command): void {
  const cluster = program
    .command('cluster')
    .summary('show who leads the cluster, for how long, and who could lead next (exit status 1 if nobody)')
    .description(
      'show who leads the cluster of the node, for how long, who could lead next, and why the others could not. The seconds left are those of the lease, which the leader renews: ask the leader for them. Exit status 1 if no node leads, or if no other node could lead next',
    )
    .helpCommand(false)
    .action(late(({ showCluster }) => showCluster));
  cluster
    .command('history')
    .description(
      'print the last leaderships of the cluster, the newest first, each with its reason. The store of the cluster keeps them: etcd the last 100, a Lease the last 20',
    )
    .action(late(({ clusterHistory }) => clusterHistory));
  cluster
    .command('pause')
    .summary('let no other node lead if the leader goes, until "cluster resume"')
    .description(
      'let no other node lead if the leader goes, until "cluster resume": for work on the nodes or on their network. The present leader leads on while it can renew its lease. "cluster switch" works meanwhile',
    )
    .action(late(({ pauseCluster }) => pauseCluster));
  cluster
    .command('resume')
    .summary('end a pause, and allow a failover that waits for a person')
    .description('end a pause, and allow a failover that waits for a person, as the second one within a minute does')
    .action(late(({ resumeCluster }) => resumeCluster));
  cluster
    .command('switch')
    .summary('give the leadership to another node of the cluster, without waiting for a lease')
    .description(
      'give the leadership to another node of the cluster, without waiting for a lease to end. Writes wait meanwhile, and none is lost. Connect to the leader, or to the cluster',
    )
    .option(
      '--to <NODE>',
      'HOST:PORT or the node ID of the new leader (default: the node that has the most)',
      parseNode,
    )
    .action(late(({ switchCluster }) => switchCluster));
}
