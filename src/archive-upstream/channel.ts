/**
 * The session between a node and an archive, in memory. The node sees the channel to an upstream. The feed (feed.ts) is at
 * the other end. The feed waits until the node has taken a frame, since each may have a MiB.
 */
import { HeadwaterError } from '../base/errors.js';
import type { UpChannel } from '../replication/channel.js';
import type { DownFrame, Handshake, UpFrame } from '../replication/frames.js';

export class ArchiveChannel implements UpChannel {
  /** Resolves with the first frame of the node. Never does if the session ends before. */
  readonly handshake: Promise<Handshake>;
  readonly #ended = new AbortController();
  #introduced: (handshake: Handshake) => void = () => {};
  #arrived: DownFrame[] = [];
  #receiver: { resolve(frames: DownFrame[]): void; reject(error: unknown): void } | undefined;
  #taken: Array<() => void> = [];
  #signs = 0;

  constructor() {
    this.handshake = new Promise((resolve) => {
      this.#introduced = resolve;
    });
  }

  // ---- the node's end --------------------------------------------------------------

  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /** Signs of life, which count as bytes. */
  get heardBytes(): number {
    return this.#signs;
  }

  send(frame: UpFrame): undefined {
    if (frame.kind === 'handshake') this.#introduced(frame);
    if (frame.kind === 'publish') {
      const error = new HeadwaterError(
        'unavailable',
        'the message was not published: this node follows an archive, which takes no messages',
      );
      void this.deliver({ kind: 'published', sequence: frame.sequence, offset: 0, error });
    }
    return undefined;
  }

  receive(): Promise<DownFrame[]> {
    if (this.#arrived.length > 0) return Promise.resolve(this.#take());
    if (this.ended.aborted) return Promise.reject(this.ended.reason);
    return new Promise((resolve, reject) => {
      this.#receiver = { resolve, reject };
    });
  }

  close(why?: HeadwaterError): void {
    if (this.ended.aborted) return;
    const reason = why ?? new HeadwaterError('cancelled', 'the session with the archive has ended');
    this.#ended.abort(reason);
    for (const taken of this.#taken.splice(0)) taken();
    this.#receiver?.reject(reason);
    this.#receiver = undefined;
  }

  // ---- the feed's end --------------------------------------------------------------

  /** Whether the node has taken all frames. */
  get isIdle(): boolean {
    return this.#arrived.length === 0;
  }

  /** Tells the node that the feed works, though it has nothing to send. */
  alive(): void {
    this.#signs++;
  }

  /** Resolves when the node has taken the frame, or the session has ended. */
  deliver(frame: DownFrame): Promise<void> {
    if (this.ended.aborted) return Promise.resolve();
    this.#arrived.push(frame);
    this.#signs++;
    const taken = new Promise<void>((resolve) => this.#taken.push(resolve));
    const receiver = this.#receiver;
    this.#receiver = undefined;
    receiver?.resolve(this.#take());
    return taken;
  }

  #take(): DownFrame[] {
    for (const taken of this.#taken.splice(0)) taken();
    return this.#arrived.splice(0);
  }
}
