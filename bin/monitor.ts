/** `monitor`: the commands of all clients, one a line, as the node receives them. */
import type { MonitoredCommand, MonitoredParameter, MonitorItem } from '../src/client/index.js';
import type { Session } from './connection.js';
import { plural, preciseTime } from './figures.js';
import { untilInterrupted } from './interrupted.js';
import { quoted } from './look.js';
import { EXIT, type ExitStatus, jsonBytes } from './output.js';
import { type Paint, paintFor } from './terminal.js';

export async function monitor({ client, output }: Session, options: { prefix?: string }): Promise<ExitStatus> {
  const paint = paintFor(process.stdout);
  await untilInterrupted(async (signal) => {
    for await (const item of client.monitor({ prefix: options.prefix, signal }))
      await output.result(itemFields(item), itemText(item, paint));
  });
  return EXIT.DONE;
}

function itemFields(item: MonitorItem): object {
  if (item.kind === 'missed') return { event: 'missed', count: item.count };
  const { timeMs, client, name, parameters, omitted, inTransaction } = item;
  return {
    event: 'command',
    time_ms: timeMs,
    client,
    command: name,
    parameters: parameters.map(({ name, data, bytes }) => ({ name, ...jsonBytes('value', whole(data, bytes)), bytes })),
    omitted,
    in_transaction: inTransaction,
  };
}

function itemText(item: MonitorItem, paint: Paint): string {
  if (item.kind === 'missed')
    return paint('yellow', `# missed ${plural(item.count, 'command')}: the monitor is too slow`);
  return commandText(item, paint);
}

function commandText(command: MonitoredCommand, paint: Paint): string {
  const { timeMs, client, name, parameters, omitted, inTransaction } = command;
  const words = [
    paint('dim', `${preciseTime(new Date(timeMs))}  ${client}`),
    ` ${inTransaction ? '  ' : ''}${paint('cyan', name)}`,
    ...parameters.map(parameterText),
  ];
  if (omitted > 0) words.push(`… and ${plural(omitted, 'more parameter')}`);
  return words.join(' ');
}

/** Parameters whose name says nothing that their place does not. */
const UNNAMED: ReadonlySet<string> = new Set(
  'key keys new_key value argument pattern patterns channel channels data message prefix'.split(' '),
);

function parameterText({ name, data, bytes }: MonitoredParameter): string {
  if (!UNNAMED.has(name)) {
    const text = data.toString();
    // An expiry says by itself whether it is a time to live or a moment.
    return text.includes('=') && !text.includes(' ') ? text : `${name}=${text}`;
  }
  const cut = bytes > data.length ? `… (${plural(bytes, 'byte')})` : '';
  return `${quoted(whole(data, bytes))}${cut}`;
}

/** The data without the rest of a character that the node has cut through. */
function whole(data: Buffer, bytes: number): Buffer {
  if (bytes === data.length) return data;
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(data, { stream: true });
  return text.includes('\ufffd') ? data : Buffer.from(text);
}
