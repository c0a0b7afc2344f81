/**
 * The browsers that watch the status page. Each has one answer that does not end, to which the node writes a picture of
 * itself once a second, as server-sent events. All of them share a picture, and there is none while nobody watches. For a
 * viewer that does not read, two pictures wait in this process at most, and the newer one is shared by all. The server
 * closes its connection as one that stands still.
 */
import type { ServerResponse } from 'node:http';
import type { Clock } from '../base/clock.js';
import { PICTURE_EVERY_MS, VIEWERS_MAX } from '../base/limits.js';
import type { Logger } from '../base/logger.js';
import { RepeatedLog } from '../base/repeated-log.js';
import { type Answer, headersOf, refusal } from './answer.js';
import type { Pass } from './guard.js';
import type { Picture } from './picture.js';

/** The time after which a browser connects again. */
const RETRY = 'retry: 2000\n\n';

export const EVENTS: Answer = { status: 200, type: 'text/event-stream', body: '' };

export class Viewers {
  readonly #clock: Clock;
  readonly #log: RepeatedLog;
  readonly #picture: () => Promise<Picture | undefined>;
  readonly #viewers = new Set<Viewer>();
  #cancel = () => {};
  #isMaking = false;
  /** The last event, for a viewer that comes within a second of it. */
  #last = '';

  /** @param picture makes a picture, undefined while the node opens its data. */
  constructor(options: { clock: Clock; logger: Logger; picture: () => Promise<Picture | undefined> }) {
    this.#clock = options.clock;
    this.#picture = options.picture;
    this.#log = RepeatedLog.of(options);
  }

  get count(): number {
    return this.#viewers.size;
  }

  /** The refusal of one more viewer. Undefined if there is a place. */
  get whyFull(): Answer | undefined {
    if (this.#viewers.size < VIEWERS_MAX) return undefined;
    return refusal(503, `expected at most ${VIEWERS_MAX} viewers at a time. Close another status page of this node`);
  }

  /** Writes pictures to the answer until its connection or the rights of its caller end. */
  add(response: ServerResponse, pass: Pass): void {
    const { 'Content-Length': _, ...headers } = headersOf(EVENTS);
    response.writeHead(200, headers);
    const viewer = new Viewer(response);
    viewer.send(`${RETRY}${this.#last}`);
    const forget = pass.onEnd(() => response.destroy());
    this.#viewers.add(viewer);
    response.once('close', () => {
      forget();
      this.#viewers.delete(viewer);
      if (this.#viewers.size === 0) this.#rest();
    });
    if (this.#viewers.size === 1) this.#tick();
  }

  #rest(): void {
    this.#cancel();
    this.#last = '';
  }

  #tick(): void {
    this.#cancel = this.#clock.after(PICTURE_EVERY_MS, () => this.#tick());
    // A disk that hangs holds a picture up. The browser learns that the node is alive all the same.
    if (this.#isMaking) this.#send('event: late\ndata: \n\n');
    else void this.#make();
  }

  async #make(): Promise<void> {
    this.#isMaking = true;
    try {
      const picture = await this.#picture();
      const event = picture ? `data: ${JSON.stringify(picture)}\n\n` : 'event: opening\ndata: \n\n';
      this.#send(event);
      if (this.#viewers.size > 0) this.#last = event;
    } catch (error) {
      const { message, stack } = error as Error;
      this.#log.error({ stack }, `the picture for the status page failed: ${message}`);
      this.#send('event: late\ndata: \n\n');
    } finally {
      this.#isMaking = false;
    }
  }

  #send(event: string): void {
    for (const viewer of this.#viewers) viewer.send(event);
  }
}

/** A browser. Invariant: one event is on its way to it at most, and the newest one waits behind that. */
class Viewer {
  readonly #response: ServerResponse;
  #isWriting = false;
  #next = '';

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  send(event: string): void {
    if (this.#isWriting) {
      this.#next = event;
      return;
    }
    this.#isWriting = true;
    this.#response.write(event, () => {
      this.#isWriting = false;
      const next = this.#next;
      this.#next = '';
      if (next !== '' && !this.#response.destroyed) this.send(next);
    });
  }
}
