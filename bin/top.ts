/** `top`: the whole tree of nodes, again and again: roles, lag, rates, headroom, resyncs. */
import { formatDuration } from './arguments.js';
import { nodesOf, type Session } from './connection.js';
import { binarySize, clockTime, grouped, plural, rate, roughly } from './figures.js';
import { LIVE_ANSWER_MS_MAX, runLiveView } from './live-view.js';
import { EXIT, type ExitStatus } from './output.js';
import type { Status } from './status.js';
import { type Column, fittedTable } from './table.js';
import { type Paint, paintFor, type Style } from './terminal.js';
import { type NodeSeen, Tree, type TreeSeen } from './tree.js';
import { troubles } from './troubles.js';

export interface TopOptions {
  readonly every: number;
  readonly once?: boolean;
}

export async function top(
  { client, addresses, credentials, output, timeoutMs }: Session,
  { every, once }: TopOptions,
): Promise<ExitStatus> {
  const tree = new Tree(nodesOf({ client, addresses }), credentials, timeoutMs ?? LIVE_ANSWER_MS_MAX);
  const paint = paintFor(process.stdout);
  let seen: TreeSeen = { nodes: [], leader: undefined };
  const look = async (signal: AbortSignal) => {
    seen = await tree.look(signal);
  };
  try {
    if (once) {
      await look(new AbortController().signal);
      // A pipe has room for all columns.
      const { isTTY, columns } = process.stdout;
      await output.result(fieldsOf(seen), textOf(seen, paint, isTTY ? columns : Number.POSITIVE_INFINITY));
    } else if (output.json) {
      await runLiveView({ everyMs: every, look, print: () => output.result(fieldsOf(seen), '') });
    } else {
      await runLiveView({
        everyMs: every,
        look,
        draw: (columns) => `${titleOf(every, paint)}\n${textOf(seen, paint, columns)}`,
        print: () => output.result({}, lineOf(seen)),
      });
    }
  } finally {
    await tree.close();
  }
  return EXIT.DONE;
}

function titleOf(everyMs: number, paint: Paint): string {
  return paint('dim', `headwater top, ${clockTime(new Date())}, every ${formatDuration(everyMs)}; q or Ctrl-C ends`);
}

// ---- for the screen ----------------------------------------------------------------------

/** The columns that a narrow terminal leaves out, the first one first. */
const DISPENSABLE = ['up', 'loop p99', 'memory', 'log', 'resyncs', 'headroom', 'commands/s', 'behind'];

/** @param width the columns of the terminal. */
function textOf(seen: TreeSeen, paint: Paint, width: number): string {
  const { table, leftOut } = fittedTable(columnsOf(paint), seen.nodes, {
    width,
    dispensable: DISPENSABLE,
    head: (name) => paint('dim', name),
  });
  const narrow = leftOut.length === 0 ? [] : [paint('dim', `not shown in ${width} columns: ${leftOut.join(', ')}`)];
  const notes = seen.nodes.flatMap((node) => notesOf(node).map((note) => paint('red', `${nameOf(node)}: ${note}`)));
  return [summaryOf(seen, paint), '', table, ...narrow, ...(notes.length > 0 ? ['', ...notes] : [])].join('\n');
}

function summaryOf({ nodes, leader }: TreeSeen, paint: Paint): string {
  const answering = nodes.filter(({ status }) => status !== undefined).length;
  const count = `${plural(nodes.length, 'node')}, ${answering === nodes.length ? 'all answer' : `${grouped(answering)} answer`}`;
  const { status } = leader ?? {};
  if (!leader || !status) return `${paint('red', 'no leader answers')}; ${count}`;
  const epoch = status.lineage.at(-1)?.epoch ?? 0;
  const bytes = binarySize(Math.round(status.appendBytesPerSecond));
  return [
    `leader ${paint('bold', leader.address)}, epoch ${grouped(epoch)}, offset ${grouped(status.offset)}; ${count}`,
    `writes ${rate(leader.commandsPerSecond ?? 0)} commands/s now; ${rate(status.appendCommandsPerSecond)} commands/s and ${bytes}/s over the last minute`,
  ].join('\n');
}

function columnsOf(paint: Paint): Array<Column<NodeSeen>> {
  const late = (lagMs: number) => paint(lagMs >= LATE_MS ? 'yellow' : undefined, roughly(lagMs));
  return [
    words('node', (node) => `${'  '.repeat(node.depth)}${nameOf(node)}`),
    words('state', (node) => {
      const [state, style] = stateOf(node);
      return paint(style, state);
    }),
    number('offset', offsetOf, grouped),
    number('behind', behindOf, grouped),
    number('lag', lagOf, late),
    number('commands/s', ({ commandsPerSecond }) => commandsPerSecond, rate),
    number('headroom', headroomOf, binarySize),
    words('resyncs', ({ status }) => (status ? resyncsOf(status) : '')),
    number('log', ({ status }) => status?.logBytes, binarySize),
    number('memory', ({ status }) => status?.residentMemoryBytes, binarySize),
    number(
      'loop p99',
      ({ status }) => status?.eventLoopDelayP99Ms,
      (ms) => `${ms.toFixed(1)} ms`,
    ),
    number('up', ({ status }) => status?.uptimeMs, roughly),
  ];
}

function words(name: string, cell: (node: NodeSeen) => string): Column<NodeSeen> {
  return { name, isRight: false, cell };
}

/** A column of numbers, empty for a node of which the number is not known. */
function number(
  name: string,
  of: (node: NodeSeen) => number | undefined,
  shown: (value: number) => string,
): Column<NodeSeen> {
  const cell = (node: NodeSeen) => {
    const value = of(node);
    return value === undefined ? '' : shown(value);
  };
  return { name, isRight: true, cell };
}

/** The node's own answer goes before the report of its upstream. */
function offsetOf({ status, report }: NodeSeen): number | undefined {
  return status?.offset ?? report?.appendedOffset;
}

function behindOf({ status, report }: NodeSeen): number | undefined {
  return status?.upstream?.lagCommands ?? report?.lagCommands;
}

function lagOf({ status, report }: NodeSeen): number | undefined {
  return status?.upstream?.lagMs ?? report?.lagMs;
}

function headroomOf({ status, report }: NodeSeen): number | undefined {
  return status?.role === 'leader' ? undefined : report?.headroomLeftBytes;
}

function resyncsOf({ fullResyncs, partialResyncs }: Status): string {
  return `${grouped(fullResyncs)} full, ${grouped(partialResyncs)} partial`;
}

/** A lag that is coloured. */
const LATE_MS = 1_000;

function stateOf({ status, report, isAway, error }: NodeSeen): [state: string, style: Style | undefined] {
  if (isAway) return ['away', 'red'];
  if (error) return [report ? `${report.state}, no answer` : 'no answer', 'red'];
  if (!status) return [report?.state ?? 'unknown', 'yellow'];
  if (status.role === 'leader')
    return [status.superseded || status.askingFollowers ? 'leader, no writes' : 'leader', 'bold'];
  const state = status.upstream?.state ?? 'follower';
  return [state, state === 'streaming' ? 'green' : 'yellow'];
}

function nameOf({ address, nodeId }: NodeSeen): string {
  return address || nodeId.slice(0, 8);
}

function notesOf({ status, error, isAway }: NodeSeen): string[] {
  if (error) return [`no answer: ${error}`];
  if (isAway) return ['away: its place in the log is kept'];
  return status ? troubles(status) : [];
}

// ---- for a pipe --------------------------------------------------------------------------

function lineOf(seen: TreeSeen): string {
  const nodes = seen.nodes.map((node) => {
    const { status, commandsPerSecond } = node;
    const [state] = stateOf(node);
    const offset = offsetOf(node);
    const lagMs = lagOf(node);
    return [
      `${nameOf(node)} ${state}`,
      offset !== undefined && `offset ${grouped(offset)}`,
      lagMs !== undefined && `lag ${roughly(lagMs)}`,
      status?.role === 'leader' && `${rate(commandsPerSecond ?? 0)} commands/s`,
      ...notesOf(node),
    ]
      .filter((part) => typeof part === 'string')
      .join(', ');
  });
  return `${clockTime(new Date())}  ${nodes.join('  |  ')}`;
}

function fieldsOf({ nodes, leader }: TreeSeen): object {
  return {
    time: new Date().toISOString(),
    cluster_id: leader?.status?.clusterId ?? null,
    leader: leader?.address ?? null,
    epoch: leader?.status?.lineage.at(-1)?.epoch ?? null,
    commands_per_second: leader?.commandsPerSecond ?? null,
    nodes: nodes.map(nodeFields),
  };
}

function nodeFields(node: NodeSeen): object {
  const { status, report, depth, error, isAway, commandsPerSecond } = node;
  return {
    address: node.address,
    node_id: node.nodeId,
    depth,
    answers: status !== undefined,
    away: isAway,
    error: error || null,
    role: status?.role ?? (report || isAway ? 'follower' : null),
    state: stateOf(node)[0],
    upstream: status?.upstream?.address ?? null,
    offset: offsetOf(node) ?? null,
    durable_offset: status?.durableOffset ?? report?.durableOffset ?? null,
    lag_commands: behindOf(node) ?? null,
    lag_ms: lagOf(node) ?? null,
    commands_per_second: commandsPerSecond ?? null,
    headroom_left_bytes: report?.headroomLeftBytes ?? null,
    headroom_ms: report?.headroomMs ?? null,
    full_resyncs: status?.fullResyncs ?? null,
    partial_resyncs: status?.partialResyncs ?? null,
    log_bytes: status?.logBytes ?? null,
    resident_memory_bytes: status?.residentMemoryBytes ?? null,
    event_loop_delay_p99_ms: status?.eventLoopDelayP99Ms ?? null,
    uptime_ms: status?.uptimeMs ?? null,
    troubles: status ? troubles(status) : [],
  };
}
