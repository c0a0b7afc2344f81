/** A report as Markdown, padded so that a terminal shows it as well. */
import type { Machine } from './machine.js';
import { shown, spread } from './numbers.js';
import type { Report, Row } from './report.js';

const HEAD = ['figure', 'unit', 'this', 'spread', 'peer', 'spread', 'ratio', 'spread', 'floor of the machine'];

export function machineText({ processor, cores, memoryGiB, system, node, peers, at }: Machine): string {
  const versions = Object.entries(peers).map(([name, version]) => `${name} ${version ?? 'is not installed'}`);
  return `# Headwater measured

${cores} × ${processor}, ${memoryGiB} GiB, ${system}, Node ${node}; ${at}
Peers: ${versions.join(', ')}

A figure is the median of its rounds, with the least and the most as its spread. The ratio is this to the peer, round by
round. More is better behind ↑, less behind ↓.`;
}

export function reportText({ name, sentence, options, seconds, rows, notes, failure }: Report): string {
  const chosen = Object.entries(options).map(([option, value]) => `${option} ${value}`);
  const parts = [
    `## ${name}: ${sentence}`,
    `${chosen.join(', ')}; took ${Math.round(seconds)} s`,
    ...(rows.length > 0 ? [table(rows)] : []),
    ...notes.map((note) => `- ${note}`),
    ...(failure === undefined ? [] : [`**Failed**: ${failure}`]),
  ];
  return parts.join('\n\n');
}

function table(rows: readonly Row[]): string {
  const cells = [HEAD, ...rows.map(cellsOf)];
  // A column without a single cell says nothing.
  const used = HEAD.map((_, column) => rows.some((_row, i) => cells[i + 1]?.[column] !== ''));
  const kept = cells.map((line) => line.filter((_, column) => used[column]));
  const widths = (kept[0] as string[]).map((_, column) => Math.max(...kept.map((line) => line[column]?.length ?? 0)));
  const lines = kept.map((line) => `| ${line.map((cell, i) => cell.padEnd(widths[i] as number)).join(' | ')} |`);
  lines.splice(1, 0, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`);
  return lines.join('\n');
}

function cellsOf({ figure, unit, better, this: ours, peer, ratio, floor }: Row): string[] {
  return [
    figure,
    `${unit} ${better === 'more' ? '↑' : '↓'}`,
    shown(ours.median),
    spread(ours),
    peer ? `${shown(peer.median)} ${peer.name}` : '',
    peer ? spread(peer) : '',
    ratio ? shown(ratio.median) : '',
    ratio ? spread(ratio) : '',
    floor ? `${shown(floor.value)} ${floor.name}` : '',
  ];
}
