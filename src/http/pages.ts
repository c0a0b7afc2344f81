/**
 * The pages of the HTTP port. The port is open before the data are: until then the node is healthy and not ready, and
 * has no metrics. A scrape costs about a millisecond, so all who ask within a second, or while one runs, share it.
 */
import type { Access } from '../access/access.js';
import type { NodeTls } from '../access/tls/node-tls.js';
import type { Clock } from '../base/clock.js';
import { SCRAPE_SHARED_MS } from '../base/limits.js';
import type { Logger } from '../base/logger.js';
import { type Answer, plainAnswer } from './answer.js';
import { type Conditions, whyNotReady, whyUnhealthy } from './conditions.js';
import type { NodeFigures } from './facts.js';
import { MetricsRegistry } from './metrics/registry.js';
import { METRICS } from './metrics/table.js';
import { pageFiles } from './page-files.js';
import { PageGuard } from './page-guard.js';
import type { Picture } from './picture.js';
import { type LatestResyncs, pictureOf } from './picture-maker.js';
import { ProcessGauges } from './process-figures.js';
import { HttpServer } from './server.js';
import { EVENTS, Viewers } from './viewers.js';

/** The node, as its pages see it. */
export interface WatchedNode {
  readonly conditions: Conditions;
  /** The data directory. */
  readonly directory: string;
  readonly resyncs: LatestResyncs;
  /** Decides who may see the pages. */
  readonly access: Access;
  figures(): Promise<NodeFigures>;
}

/** The text of the metrics, made or being made. */
interface Scrape {
  readonly sinceMs: number;
  readonly text: Promise<string>;
  isRunning: boolean;
}

const OPENING = 'the node is opening its data';

/** The pages for probes, which have no user and no certificate. */
const FOR_ALL: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/archivez']);

/** The bound may change while the node runs. */
export interface ReadyBound {
  /** The lag up to which a follower is ready. */
  readonly readyLagMs: number;
}

export interface HttpPagesOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly ready: ReadyBound;
  /** Undefined for a port without TLS. */
  readonly tls?: NodeTls | undefined;
}

export class HttpPages {
  readonly server: HttpServer;
  readonly #clock: Clock;
  readonly #ready: ReadyBound;
  readonly #registry = new MetricsRegistry(METRICS);
  readonly #gauges = new ProcessGauges();
  readonly #guard = new PageGuard(FOR_ALL);
  #node: WatchedNode | undefined;
  #last: Scrape | undefined;

  constructor({ clock, logger, ready, tls }: HttpPagesOptions) {
    this.#clock = clock;
    this.#ready = ready;
    const viewers = new Viewers({ clock, logger, picture: () => this.#picture() });
    const pages = new Map<string, () => Answer | Promise<Answer>>([
      ['/metrics', () => this.#metrics()],
      ['/healthz', () => this.#healthz()],
      ['/readyz', () => this.#readyz()],
      ['/archivez', () => this.#archivez()],
      ...pageFiles(),
    ]);
    const events = {
      head: EVENTS,
      get whyFull() {
        return viewers.whyFull;
      },
      add: viewers.add.bind(viewers),
    };
    const live = new Map([['/events', events]]);
    this.server = new HttpServer({ pages, live, forAll: FOR_ALL, guard: this.#guard, tls, clock, logger });
  }

  /** Shows the node from now on. */
  show(node: WatchedNode): void {
    this.#node = node;
    this.#guard.ask(node.access);
  }

  close(): Promise<void> {
    return this.server.close();
  }

  #healthz(): Answer {
    return verdict(this.#node && whyUnhealthy(this.#node.conditions));
  }

  #readyz(): Answer {
    return verdict(this.#node ? this.#whyNotReady(this.#node) : OPENING);
  }

  /** A page of its own: no restart and no other node helps if an archive is late. */
  #archivez(): Answer {
    return verdict(this.#node ? this.#node.conditions.archiveLate : OPENING);
  }

  #whyNotReady({ conditions }: WatchedNode): string | undefined {
    return whyNotReady(conditions, this.#ready.readyLagMs);
  }

  async #picture(): Promise<Picture | undefined> {
    const node = this.#node;
    if (!node) return undefined;
    const figures = await node.figures();
    const { directory, resyncs } = node;
    return pictureOf({ figures, directory, resyncs, notReady: this.#whyNotReady(node), nowMs: this.#clock.wallMs() });
  }

  async #metrics(): Promise<Answer> {
    const node = this.#node;
    if (!node) return plainAnswer(503, OPENING);
    return { status: 200, type: this.#registry.type, body: await this.#scrape(node).text };
  }

  /**
   * The newest scrape, or a new one if that is old. There is one at a time: the registry shows one, and if the disk hangs,
   * each further one would wait for it too.
   */
  #scrape(node: WatchedNode): Scrape {
    const sinceMs = this.#clock.monotonicMs();
    const last = this.#last;
    if (last && (last.isRunning || sinceMs - last.sinceMs < SCRAPE_SHARED_MS)) return last;
    const end = () => {
      scrape.isRunning = false;
    };
    const scrape: Scrape = { sinceMs, isRunning: true, text: this.#text(node).finally(end) };
    this.#last = scrape;
    return scrape;
  }

  async #text(node: WatchedNode): Promise<string> {
    const [figures, process] = await Promise.all([node.figures(), this.#gauges.read()]);
    return this.#registry.text({
      ...figures,
      isReady: this.#whyNotReady(node) === undefined,
      process,
      http: this.server,
      nowMs: this.#clock.wallMs(),
    });
  }
}

function verdict(why: string | undefined): Answer {
  return why === undefined ? plainAnswer(200, 'ok') : plainAnswer(503, why);
}
