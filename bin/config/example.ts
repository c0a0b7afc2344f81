/** The example of a config file, made from the rows of the options: each with its help, its bounds and its default. */
import type { OptionRow } from '../../src/options.js';
import { exampleOf, SERVE_ROWS, shownDefault, shownNumber } from '../serve-options.js';

const WIDTH = 100;

const HEAD = `# The options of a Headwater node: headwater serve --config FILE
#
# Each option has its default here. Take the "#" from a line to set it.
# A size has a unit: "64KiB", "16MiB", "1GiB". So has a time: "500ms", "10s", "5m", "2h", "1d".
# An environment variable goes before this file: HEADWATER_MAX_KEY_BYTES for max-key-bytes. A flag goes before both.
# Check the file: headwater config check FILE. Show what is in force: headwater config print --origin
`;

/** Every line is a comment, so that the file changes nothing until somebody edits it. */
export function exampleFile(): string {
  return [HEAD, ...SERVE_ROWS.map(exampleOfRow)].join('\n');
}

function exampleOfRow(row: OptionRow): string {
  return [...wrapped(remarkOf(row)).map((line) => `# ${line}`), `#${row.name} = ${exampleOf(row)}`, ''].join('\n');
}

function remarkOf(row: OptionRow): string {
  const sentences = [
    row.help,
    boundsOf(row),
    row.default === undefined ? `Without a value: ${shownDefault(row)}` : '',
    row.live ? 'changes while the node runs' : '',
  ];
  return sentences
    .filter((one) => one !== '')
    .map((one) => `${one.slice(0, 1).toUpperCase()}${one.slice(1)}.`)
    .join(' ');
}

function boundsOf(row: OptionRow): string {
  if (row.kind === 'choice') return `one of ${row.choices.join(', ')}`;
  if (!('least' in row)) return '';
  // The parser takes no time of zero.
  const least = row.kind === 'time' ? Math.max(1, row.least) : row.least;
  const from = `from ${shownNumber(row.kind, least)}`;
  return row.most === Number.MAX_SAFE_INTEGER ? `${from} on` : `${from} to ${shownNumber(row.kind, row.most)}`;
}

function wrapped(text: string): string[] {
  const lines: string[] = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) as string;
    if (line === '') lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= WIDTH) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}
