/** The options of a serving node, read again: what changed takes effect, and the log says the rest. */
import type { Command } from 'commander';
import type { Logger } from 'pino';
import { HeadwaterError } from '../../src/base/errors.js';
import type { Node } from '../../src/index.js';
import type { ChangedOption, OptionValue, RereadOptions } from '../../src/model/node-option.js';
import { FileError, UsageError } from '../output.js';
import { SERVE_ROWS, typedIn } from '../serve-options.js';
import { serveOptions } from './values.js';

/** Reads the file, the environment and the flags again. A mistake in them changes nothing. */
export function reread(node: Node, command: Command, logger: Logger): void {
  try {
    const { node: options, program, notices } = serveOptions(command);
    const outcome = node.options.reread(options, program);
    for (const notice of notices) logger.warn({ event: 'config' }, notice);
    report(outcome, logger);
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof FileError) && !HeadwaterError.is(error)) throw error;
    logger.error(
      { event: 'config' },
      `the options cannot be read again, and all stay as they are: ${error.message}. Correct this, and send SIGHUP again`,
    );
  }
}

/** The node itself says each change. */
function report({ changed, needRestart }: RereadOptions, logger: Logger): void {
  for (const { name, from, to, place } of needRestart)
    logger.warn(
      { event: 'config', option: name, from, to, place },
      `${name} needs a restart: it stays ${typed(name, from)}, and is to be ${typed(name, to)} (${place}). Restart the node`,
    );
  const fields = { event: 'config', changed: namesOf(changed), need_restart: namesOf(needRestart) };
  const none = changed.length === 0 ? 'nothing to change at once' : `${fields.changed.length} changed`;
  logger.info(fields, `the options were read again: ${none}, ${needRestart.length} need a restart`);
}

function namesOf(options: readonly ChangedOption[]): string[] {
  return options.map(({ name }) => name);
}

function typed(name: string, value: OptionValue | undefined): string {
  const row = SERVE_ROWS.find((one) => one.name === name);
  return row === undefined || value === undefined ? 'not set' : typedIn(row, value);
}
