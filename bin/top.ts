/** `top`: the whole tree of nodes, again and again: roles, lag, rates, headroom, resyncs. */
import { formatDuration } from './arguments.js';
import type { Session } from './connection.js';
import { binarySize, clockTime, grouped, rate } from './figures.js';
import { LIVE_ANSWER_MS_MAX, runLiveView } from './live-view.js';
import { EXIT, type ExitStatus, plural, roughly } from './output.js';
import { drawnTable } from './table.js';
import { type Paint, paintFor, type Style } from './terminal.js';
import { type NodeSeen, Tree, type TreeSeen } from './tree.js';
import { troubles } from './troubles.js';

export interface TopOptions {
  readonly every: number;
  readonly once?: boolean;
}

export async function top({ addresses, output, timeoutMs }: Session, { every, once }: TopOptions): Promise<ExitStatus> {
  const tree = new Tree(addresses, timeoutMs ?? LIVE_ANSWER_MS_MAX);
  const paint = paintFor(process.stdout);
  let seen: TreeSeen = { nodes: [], leader: undefined };
  const look = async (signal: AbortSignal) => {
    seen = await tree.look(signal);
  };
  try {
    if (once) {
      await look(new AbortController().signal);
      await output.result(fieldsOf(seen), textOf(seen, paint));
    } else if (output.json) {
      await runLiveView({ everyMs: every, look, print: () => output.result(fieldsOf(seen), '') });
    } else {
      await runLiveView({
        everyMs: every,
        look,
        draw: () => `${titleOf(every, paint)}\n${textOf(seen, paint)}`,
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

const HEAD = [
  'node',
  'state',
  'offset',
  'behind',
  'lag',
  'commands/s',
  'headroom',
  'full',
  'partial',
  'log',
  'memory',
  'loop p99',
  'up',
];

const RIGHT = HEAD.map((_, i) => i).filter((i) => i >= 2);

function textOf(seen: TreeSeen, paint: Paint): string {
  const table = drawnTable(
    HEAD.map((name) => paint('dim', name)),
    seen.nodes.map((node) => cellsOf(node, paint)),
    { right: RIGHT },
  );
  const notes = seen.nodes.flatMap((node) => notesOf(node).map((note) => paint('red', `${nameOf(node)}: ${note}`)));
  return [summaryOf(seen, paint), '', table, ...(notes.length > 0 ? ['', ...notes] : [])].join('\n');
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

function cellsOf(node: NodeSeen, paint: Paint): string[] {
  const { status, report, depth } = node;
  const [state, style] = stateOf(node);
  const left = status?.role === 'leader' ? undefined : report?.headroomLeftBytes;
  const upstream = status?.upstream;
  const offset = status?.offset ?? report?.appendedOffset;
  const lagMs = upstream ? upstream.lagMs : report?.lagMs;
  const behind = upstream ? upstream.lagCommands : report?.lagCommands;
  return [
    `${'  '.repeat(depth)}${nameOf(node)}`,
    paint(style, state),
    offset === undefined ? '' : grouped(offset),
    behind === undefined ? '' : grouped(behind),
    lagMs === undefined ? '' : paint(lagMs >= LATE_MS ? 'yellow' : undefined, roughly(lagMs)),
    node.commandsPerSecond === undefined ? '' : rate(node.commandsPerSecond),
    left === undefined ? '' : binarySize(left),
    status ? grouped(status.fullResyncs) : '',
    status ? grouped(status.partialResyncs) : '',
    status ? binarySize(status.logBytes) : '',
    status ? binarySize(status.residentMemoryBytes) : '',
    status ? `${status.eventLoopDelayP99Ms.toFixed(1)} ms` : '',
    status ? roughly(status.uptimeMs) : '',
  ];
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
    const { status, report, commandsPerSecond } = node;
    const [state] = stateOf(node);
    const offset = status?.offset ?? report?.appendedOffset;
    const lagMs = status?.upstream ? status.upstream.lagMs : report?.lagMs;
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
  const upstream = status?.upstream;
  return {
    address: node.address,
    node_id: node.nodeId,
    depth,
    answers: status !== undefined,
    away: isAway,
    error: error || null,
    role: status?.role ?? (report || isAway ? 'follower' : null),
    state: stateOf(node)[0],
    upstream: upstream?.address ?? null,
    offset: status?.offset ?? report?.appendedOffset ?? null,
    durable_offset: status?.durableOffset ?? report?.durableOffset ?? null,
    lag_commands: upstream?.lagCommands ?? report?.lagCommands ?? null,
    lag_ms: upstream?.lagMs ?? report?.lagMs ?? null,
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
