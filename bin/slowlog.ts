/** `slowlog`: the commands of clients that took long at the node, one a line, the newest first. */
import type { SlowCommand, SlowLogReply } from '../src/client/index.js';
import type { Session } from './connection.js';
import { milliseconds } from './figures.js';
import { quoted } from './look.js';
import { complain, EXIT, type ExitStatus, jsonBytes } from './output.js';
import { type Paint, paintFor } from './terminal.js';

const MICROSECONDS_PER_MS = 1_000;

export async function slowlog(
  { client, output }: Session,
  { count, reset }: { readonly count: number; readonly reset?: boolean },
): Promise<ExitStatus> {
  const log = await client.slowLog({ count, reset: reset ?? false });
  const paint = paintFor(process.stdout);
  for (const command of log.commands) await output.result(fieldsOf(command), textOf(command, paint));
  if (log.commands.length === 0 && !output.json) complain(await whyNone(client, log));
  return EXIT.DONE;
}

function fieldsOf({ id, timeMs, durationUs, client, clientName, user, words }: SlowCommand): object {
  return {
    id,
    time: new Date(timeMs).toISOString(),
    duration_us: durationUs,
    client,
    client_name: clientName,
    user,
    words: words.map((word) => jsonBytes('value', word)),
  };
}

function textOf({ timeMs, durationUs, client, clientName, user, words }: SlowCommand, paint: Paint): string {
  const [name = Buffer.alloc(0), ...others] = words;
  const who = [client, clientName, user]
    .filter((part) => part !== '')
    .map((part) => quoted(Buffer.from(part)).slice(1, -1));
  return [
    paint('dim', new Date(timeMs).toISOString()),
    paint('yellow', `${milliseconds(durationUs / MICROSECONDS_PER_MS)} ms`),
    paint('dim', who.join(' ')),
    [paint('cyan', quoted(name).slice(1, -1)), ...others.map(quoted)].join(' '),
  ].join('  ');
}

/** The reason of an empty list: the options of the node that decide what is in it. */
async function whyNone(client: Session['client'], { thresholdUs }: SlowLogReply): Promise<string> {
  if (thresholdUs === undefined)
    return 'the slow log is empty, and the node records nothing: "config set slow-log true" changes that';
  const length = (await client.options()).find(({ name }) => name === 'slow-log-length');
  if (length?.value === 0)
    return 'the slow log is empty, and the node keeps no commands, since slow-log-length is 0: "config set slow-log-length 128" changes that';
  const recorded =
    thresholdUs === 0 ? 'all commands' : `commands of ${milliseconds(thresholdUs / MICROSECONDS_PER_MS)} ms or longer`;
  return `the slow log is empty. The node records ${recorded}: "config set slow-log-microseconds N" changes that`;
}
