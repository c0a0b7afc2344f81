/** `status`: once, or again and again with --watch. */
import { HeadwaterError } from '../src/base/errors.js';
import { formatDuration } from './arguments.js';
import { type Session, shownAddresses } from './connection.js';
import { binarySize, clockTime, grouped, plural, rate, roughly } from './figures.js';
import { snakeCase } from './json-names.js';
import { LIVE_ANSWER_MS_MAX, runLiveView } from './live-view.js';
import { EXIT, type ExitStatus } from './output.js';
import { describeStatus, type Status } from './status.js';
import { type Paint, paintFor } from './terminal.js';
import { troubles } from './troubles.js';

/** @param everyMs the time between two looks; undefined for a single one. */
export async function showStatus(session: Session, everyMs: number | undefined): Promise<ExitStatus> {
  if (everyMs !== undefined) return watchStatus(session, everyMs);
  const { client, output } = session;
  const status = await client.status();
  await output.result(snakeCase(status) as object, describeStatus(status, paintFor(process.stdout)));
  return EXIT.DONE;
}

async function watchStatus(session: Session, everyMs: number): Promise<ExitStatus> {
  const { client, output, addresses, timeoutMs = LIVE_ANSWER_MS_MAX } = session;
  const paint = paintFor(process.stdout);
  let seen: Status | HeadwaterError | undefined;
  await runLiveView({
    everyMs,
    async look(signal) {
      seen = await client.status({ signal, timeoutMs }).catch((error) => HeadwaterError.from(error));
    },
    ...(!output.json && { draw: () => screen(seen, shownAddresses(addresses), everyMs, paint) }),
    print: async () => {
      const time = new Date();
      if (seen instanceof HeadwaterError)
        await output.result(
          { time: time.toISOString(), error: { code: seen.code, message: seen.message } },
          `${clockTime(time)}  no answer: ${seen.message}`,
        );
      else if (seen)
        await output.result(
          { time: time.toISOString(), ...(snakeCase(seen) as object) },
          `${clockTime(time)}  ${statusLine(seen)}`,
        );
    },
  });
  return EXIT.DONE;
}

function screen(seen: Status | HeadwaterError | undefined, addresses: string, everyMs: number, paint: Paint): string {
  const title = paint('dim', `${clockTime(new Date())}, every ${formatDuration(everyMs)}; q or Ctrl-C ends`);
  if (seen === undefined) return title;
  if (seen instanceof HeadwaterError) return `${title}\n\n${paint('red', `${addresses}: no answer: ${seen.message}`)}`;
  return `${title}\n\n${describeStatus(seen, paint)}`;
}

/** The status in a line, for a log or a pipe. */
function statusLine(status: Status): string {
  const { role, address, offset, upstream, followers, logBytes, appendCommandsPerSecond, headroom } = status;
  const parts = [`${role} ${address}`, `offset ${grouped(offset)}`];
  parts.push(`${rate(appendCommandsPerSecond)} commands/s over the last minute`);
  if (upstream) parts.push(`${upstream.state} from ${upstream.address}${lagOf(upstream)}`);
  if (followers.length > 0) {
    const lagMs = Math.max(...followers.map((one) => one.lagMs));
    parts.push(`${plural(followers.length, 'follower')} at most ${roughly(lagMs)} behind`);
  }
  parts.push(`log ${binarySize(logBytes)}`);
  if (headroom?.leftBytes !== undefined) parts.push(`headroom ${binarySize(headroom.leftBytes)}`);
  return [...parts, ...troubles(status)].join('  ');
}

function lagOf({ lagCommands, lagMs }: NonNullable<Status['upstream']>): string {
  if (lagCommands === undefined) return '';
  return `, ${plural(lagCommands, 'command')}${lagMs === undefined ? '' : ` and ${roughly(lagMs)}`} behind`;
}
