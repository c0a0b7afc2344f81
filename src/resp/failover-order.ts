/** The failover that a Redis client has ordered. The client does not wait for its end, and any client may give it up. */
import type { Logger } from '../base/logger.js';
import type { NodeControl } from './node-control.js';

export class FailoverOrder {
  #running: AbortController | undefined;

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** Begins. The log of the node has the result. */
  begin(control: Pick<NodeControl, 'failover'>, request: { to: string; timeoutMs: number }, logger: Logger): void {
    const running = new AbortController();
    this.#running = running;
    control
      .failover({ ...request, signal: running.signal })
      .catch(({ message }: Error) => {
        const order = running.signal.aborted
          ? 'FAILOVER, which a Redis client cancelled'
          : 'FAILOVER of a Redis client';
        logger.warn({}, `${order}: ${message}`);
      })
      .finally(() => {
        this.#running = undefined;
      });
  }

  /** Gives the failover up. @returns false if there is none. */
  abort(): boolean {
    this.#running?.abort();
    return this.isRunning;
  }
}
