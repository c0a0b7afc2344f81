/**
 * The pages of the HTTP port. The port is open before the data are: until then the node is healthy and not ready, and
 * has no metrics. A scrape costs about a millisecond, so all who ask within a second share one.
 */
import type { Clock } from '../base/clock.js';
import { SCRAPE_SHARED_MS } from '../base/limits.js';
import type { Logger } from '../base/logger.js';
import { type Answer, plainAnswer } from './answer.js';
import { type Conditions, whyNotReady, whyUnhealthy } from './conditions.js';
import type { NodeFigures } from './facts.js';
import { MetricsRegistry } from './metrics/registry.js';
import { METRICS } from './metrics/table.js';
import { ProcessGauges } from './process-figures.js';
import { HttpServer } from './server.js';

/** The node, as its pages see it. */
export interface WatchedNode {
  readonly conditions: Conditions;
  figures(): Promise<NodeFigures>;
}

const OPENING = 'the node is opening its data';

export class HttpPages {
  readonly server: HttpServer;
  readonly #clock: Clock;
  readonly #readyLagMs: number;
  readonly #registry = new MetricsRegistry(METRICS);
  readonly #gauges = new ProcessGauges();
  #node: WatchedNode | undefined;
  #shared: { readonly sinceMs: number; readonly text: Promise<string> } | undefined;

  /** @param options.readyLagMs the lag up to which a follower is ready. */
  constructor({ clock, logger, readyLagMs }: { clock: Clock; logger: Logger; readyLagMs: number }) {
    this.#clock = clock;
    this.#readyLagMs = readyLagMs;
    const pages = new Map<string, () => Answer | Promise<Answer>>([
      ['/metrics', () => this.#metrics()],
      ['/healthz', () => this.#healthz()],
      ['/readyz', () => this.#readyz()],
    ]);
    this.server = new HttpServer({ pages, clock, logger });
  }

  /** Shows the node from now on. */
  show(node: WatchedNode): void {
    this.#node = node;
  }

  close(): Promise<void> {
    return this.server.close();
  }

  #healthz(): Answer {
    return verdict(this.#node && whyUnhealthy(this.#node.conditions));
  }

  #readyz(): Answer {
    return verdict(this.#node ? whyNotReady(this.#node.conditions, this.#readyLagMs) : OPENING);
  }

  async #metrics(): Promise<Answer> {
    const node = this.#node;
    if (!node) return plainAnswer(503, OPENING);
    const sinceMs = this.#clock.monotonicMs();
    const shared = this.#shared;
    if (!shared || sinceMs - shared.sinceMs >= SCRAPE_SHARED_MS) {
      // A scrape that hangs on the disk ends before the next begins: the registry shows one at a time.
      const before = shared?.text.catch(() => {});
      this.#shared = { sinceMs, text: Promise.resolve(before).then(() => this.#text(node)) };
    }
    const text = await (this.#shared as { text: Promise<string> }).text;
    return { status: 200, type: this.#registry.type, body: text };
  }

  async #text(node: WatchedNode): Promise<string> {
    const [figures, process] = await Promise.all([node.figures(), this.#gauges.read()]);
    return this.#registry.text({
      ...figures,
      isReady: whyNotReady(node.conditions, this.#readyLagMs) === undefined,
      process,
      http: this.server,
      nowMs: this.#clock.wallMs(),
    });
  }
}

function verdict(why: string | undefined): Answer {
  return why === undefined ? plainAnswer(200, 'ok') : plainAnswer(503, why);
}
