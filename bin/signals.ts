/**
 * The signals of a serving process. SIGTERM and SIGINT stop the node. SIGHUP makes it read its options again. A terminal
 * that is closed sends SIGHUP too, and then nobody sees the node any more, so it stops.
 */
import { closeSync, openSync } from 'node:fs';
import type { Logger } from 'pino';
import { EXIT } from './output.js';

export class Signals {
  /** Resolves at the first signal that stops the node. A second one ends the process at once. */
  readonly stop: Promise<NodeJS.Signals>;
  readonly #logger: Logger;
  readonly #hadTerminal = (process.stdin.isTTY || process.stderr.isTTY) && hasTerminal();
  #isStopping = false;
  #resolve: (signal: NodeJS.Signals) => void = () => {};
  /** Undefined until there is a node whose options can change. */
  #reread: (() => void) | undefined;
  #isWanted = false;

  constructor(logger: Logger) {
    this.#logger = logger;
    this.stop = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    process.on('SIGTERM', (signal) => this.#end(signal));
    process.on('SIGINT', (signal) => this.#end(signal));
    process.on('SIGHUP', (signal) => this.#hangUp(signal));
  }

  /** Calls `reread` at each SIGHUP from now on, and at once if one came while the node opened its data. */
  onReread(reread: () => void): void {
    this.#reread = reread;
    if (this.#isWanted) reread();
  }

  #hangUp(signal: NodeJS.Signals): void {
    if (this.#hadTerminal && !hasTerminal()) this.#end(signal);
    else if (this.#reread) this.#reread();
    else this.#isWanted = true;
  }

  #end(signal: NodeJS.Signals): void {
    if (this.#isStopping) {
      this.#logger.warn({ signal }, `${signal} again: the process ends at once`);
      process.exit(EXIT.FORCED);
    }
    this.#isStopping = true;
    this.#logger.info(
      { event: 'stopping', signal },
      `${signal}: stopping. The node takes no more writes, and waits for followers, running calls and a checkpoint. A second signal ends it at once`,
    );
    this.#resolve(signal);
  }
}

/** Whether the process still has a terminal that can send it a Ctrl-C. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}
