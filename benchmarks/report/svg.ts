/**
 * A report as an SVG: a pair of bars for each row, with the spread of the rounds and the floor of the machine. Rows of
 * one unit have one scale. Written by hand, because the libraries that draw without a browser are tens of megabytes.
 */
import { shown } from './numbers.js';
import type { Report, Row } from './report.js';

const WIDTH = 1_100;
const LABELS = 460;
const BARS = 440;
const BAR_HEIGHT = 13;
const ROW_GAP = 12;
const TOP = 76;
const COLOURS = { this: '#2563eb', peer: '#9ca3af', text: '#111827', faint: '#4b5563', floor: '#dc2626' };

export function svgOf({ name, sentence, rows }: Report): string {
  const most = new Map<string, number>();
  for (const row of rows) most.set(row.unit, Math.max(most.get(row.unit) ?? 0, row.this.max, row.peer?.max ?? 0));
  const parts: string[] = [];
  let y = TOP;
  for (const row of rows) {
    parts.push(rowOf(row, y, most.get(row.unit) as number));
    y += heightOf(row);
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${y}" viewBox="0 0 ${WIDTH} ${y}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="#ffffff"/>
${textAt(16, 28, name, COLOURS.text, 'font-size="18" font-weight="bold"')}
${textAt(16, 48, sentence, COLOURS.faint)}
${swatch(LABELS, COLOURS.this, 'Headwater')}
${swatch(LABELS + 100, COLOURS.peer, 'peer')}
${swatch(LABELS + 160, COLOURS.floor, 'floor of the machine')}
${parts.join('\n')}
</svg>
`;
}

function heightOf({ peer }: Row): number {
  return BAR_HEIGHT * (peer ? 2 : 1) + ROW_GAP;
}

function rowOf(row: Row, y: number, most: number): string {
  const { figure, unit, better, this: ours, peer, ratio, floor } = row;
  const scale = (value: number) => (most > 0 ? Math.min(BARS, Math.max(0, (value / most) * BARS)) : 0);
  const ratioText = ratio ? ` (${shown(ratio.median)}×)` : '';
  const label = `${figure}, ${unit} ${better === 'more' ? '↑' : '↓'}`;
  const parts = [
    textAt(LABELS - 8, y + BAR_HEIGHT - 2, label, COLOURS.text, 'text-anchor="end"'),
    bar(y, ours, scale, COLOURS.this, `${shown(ours.median)}${ratioText}`),
  ];
  if (peer) parts.push(bar(y + BAR_HEIGHT, peer, scale, COLOURS.peer, `${shown(peer.median)} ${peer.name}`));
  if (floor) {
    const x = LABELS + scale(floor.value);
    parts.push(`<path d="M${x.toFixed(1)} ${y - 2}V${y + heightOf(row) - ROW_GAP + 2}" stroke="${COLOURS.floor}"/>`);
  }
  return parts.join('\n');
}

function bar(
  y: number,
  { median, min, max }: { readonly median: number; readonly min: number; readonly max: number },
  scale: (value: number) => number,
  colour: string,
  label: string,
): string {
  const middle = y + BAR_HEIGHT / 2;
  const [from, to] = [LABELS + scale(min), LABELS + scale(max)];
  return [
    `<rect x="${LABELS}" y="${y + 1}" width="${scale(median).toFixed(1)}" height="${BAR_HEIGHT - 2}" fill="${colour}"/>`,
    `<path d="M${from.toFixed(1)} ${middle}H${to.toFixed(1)}" stroke="${COLOURS.text}"/>`,
    textAt(Math.max(to, LABELS + scale(median)) + 6, y + BAR_HEIGHT - 2, label, COLOURS.faint),
  ].join('\n');
}

function swatch(x: number, colour: string, label: string): string {
  return `<rect x="${x}" y="56" width="10" height="10" fill="${colour}"/>${textAt(x + 15, 65, label, COLOURS.faint)}`;
}

function textAt(x: number, y: number, text: string, colour: string, more = ''): string {
  const safe = text.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);
  return `<text x="${x.toFixed(1)}" y="${y}" fill="${colour}" ${more}>${safe}</text>`;
}
