/** `doctor`: looks at every node of the tree and at its machine, and prints what somebody should do, with the command. */
import { HeadwaterError } from '../../src/base/errors.js';
import { nodesOf, type Session } from '../connection.js';
import { plural } from '../figures.js';
import { LIVE_ANSWER_MS_MAX } from '../live-view.js';
import { EXIT, type ExitStatus } from '../output.js';
import { type Paint, paintFor, type Style } from '../terminal.js';
import { type NodeSeen, Tree, type TreeSeen } from '../tree.js';
import { type Finding, findingsOf, type Seen, type Severity } from './findings.js';

const STYLES: Record<Severity, Style> = { critical: 'red', warning: 'yellow', notice: 'dim' };

/** @returns EXIT.NEGATIVE if something needs somebody. */
export async function doctor({ client, addresses, credentials, output, timeoutMs }: Session): Promise<ExitStatus> {
  const timeout = timeoutMs ?? LIVE_ANSWER_MS_MAX;
  const tree = new Tree(nodesOf({ client, addresses }), credentials, timeout, { asksAway: true });
  try {
    const seen = await tree.look(AbortSignal.timeout(timeout * 2));
    const { machines, refused } = await machinesOf(seen, tree, timeout);
    const findings = [...findingsOf({ tree: seen, machines }), ...refused];
    const nodes = seen.nodes.map(({ address, nodeId, status }) => ({
      address,
      node_id: nodeId,
      role: status?.role ?? 'unknown',
      version: status?.version ?? '',
    }));
    await output.result({ nodes, findings }, textOf(seen, findings, paintFor(process.stdout)));
    return findings.some(({ severity }) => severity !== 'notice') ? EXIT.NEGATIVE : EXIT.DONE;
  } finally {
    await tree.close();
  }
}

/** The machines of the nodes that answer. A node of an older version does not know the question. */
async function machinesOf({ nodes }: TreeSeen, tree: Tree, timeoutMs: number) {
  const machines = new Map<string, { machine: Awaited<ReturnType<typeof lookAt>>; hereMs: number }>();
  const refused: Finding[] = [];
  const lookAt = ({ address }: NodeSeen) => tree.on(address, (client) => client.machine({ timeoutMs }));
  const ask = async (node: NodeSeen) => {
    const beganMs = Date.now();
    try {
      const machine = await lookAt(node);
      machines.set(node.address, { machine, hereMs: (beganMs + Date.now()) / 2 });
    } catch (error) {
      const what = `the machine of the node is not known: ${HeadwaterError.from(error).message}`;
      const fix = 'look at its limits, its memory and its clock there';
      refused.push({ severity: 'notice', node: node.address, what, fix });
    }
  };
  await Promise.all(nodes.filter(({ status }) => status !== undefined).map(ask));
  return { machines: machines satisfies Seen['machines'], refused };
}

function textOf({ nodes }: TreeSeen, findings: readonly Finding[], paint: Paint): string {
  const looked = `looked at ${plural(nodes.length, 'node')}`;
  if (findings.length === 0) return `${paint('green', 'nothing found')}: ${looked}`;
  const texts = findings.map(({ severity, node, what, fix }) => {
    const where = node === '' ? '' : `${paint('bold', node)}: `;
    return `${paint(STYLES[severity], severity)}  ${where}${what}\n${' '.repeat(severity.length)}  fix: ${fix}`;
  });
  return `${texts.join('\n')}\n\n${plural(findings.length, 'finding')}; ${looked}`;
}
