/**
 * Replication sessions in memory. A `Line` is one session: two channels whose
 * frames pass through their wire form, are counted, and can be held back, cut
 * after the nth, or stopped for good. A `Network` is what nodes dial.
 */
import { HeadwaterError } from '../../src/errors.js';
import type { Channel, DownChannel, UpChannel } from '../../src/replication/channel.js';
import { type DownFrame, decodeDownFrame, encodeDownFrame } from '../../src/wire/down-frames.js';
import { decodeUpFrame, encodeUpFrame, type UpFrame } from '../../src/wire/up-frames.js';

/** Frames that may be on their way before the sender is told to wait. */
const WINDOW_FRAMES = 4;

class End<Out, In> implements Channel<Out, In> {
  peer!: End<In, Out>;
  /** Sent and not delivered. */
  readonly flying: Out[] = [];
  /** Delivered and not received. */
  readonly #inbox: In[] = [];
  readonly #ended = new AbortController();
  readonly #pass: (frame: Out) => Out;
  readonly #onSend: (frame: Out) => void;
  readonly #explains: boolean;
  readonly #later: (deliver: () => void) => void;
  #receiver: { resolve(frames: In[]): void; reject(error: unknown): void } | undefined;
  #drained: Array<() => void> = [];
  #heardBytes = 0;
  /** Nothing is delivered while it is true. */
  held = false;

  /** @param explains whether the peer hears the reason for which this end closes: a server's status does, a client's cancel does not. */
  constructor(
    pass: (frame: Out) => Out,
    onSend: (frame: Out) => void,
    explains: boolean,
    later: (deliver: () => void) => void,
  ) {
    this.#later = later;
    this.#pass = pass;
    this.#onSend = onSend;
    this.#explains = explains;
  }

  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  get heardBytes(): number {
    return this.#heardBytes;
  }

  /** Frames that the peer has not received, wherever they are. */
  get outstanding(): number {
    return this.flying.length + this.peer.#inbox.length;
  }

  send(frame: Out): Promise<void> | undefined {
    if (this.ended.aborted) return undefined;
    this.flying.push(this.#pass(frame));
    this.#onSend(frame);
    if (this.ended.aborted) return undefined;
    this.#later(() => this.deliver());
    if (this.outstanding <= WINDOW_FRAMES) return undefined;
    return new Promise((resolve) => this.#drained.push(resolve));
  }

  deliver(): void {
    while (!this.held && this.flying.length > 0) this.peer.#arrive(this.flying.shift() as Out);
  }

  #arrive(frame: In): void {
    if (this.ended.aborted) return;
    this.#inbox.push(frame);
    this.#heardBytes++;
    if (!this.#receiver) return;
    const { resolve } = this.#receiver;
    this.#receiver = undefined;
    queueMicrotask(() => resolve(this.#take()));
  }

  receive(): Promise<In[]> {
    if (this.#inbox.length > 0) return Promise.resolve(this.#take());
    if (this.ended.aborted) return Promise.reject(this.ended.reason);
    return new Promise((resolve, reject) => {
      this.#receiver = { resolve, reject };
    });
  }

  #take(): In[] {
    const frames = this.#inbox.splice(0);
    this.peer.#drain();
    return frames;
  }

  #drain(): void {
    for (const resolve of this.#drained.splice(0)) resolve();
  }

  close(reason?: HeadwaterError): void {
    if (this.ended.aborted) return;
    const peerHears = (this.#explains && reason) || new HeadwaterError('unreachable', 'the peer ended the session');
    this.held = false;
    this.deliver();
    this.end(reason ?? new HeadwaterError('cancelled', 'this side ended the session'));
    queueMicrotask(() => this.peer.end(peerHears));
  }

  end(reason: HeadwaterError): void {
    if (this.ended.aborted) return;
    this.flying.length = 0;
    this.#ended.abort(reason);
    this.#drain();
    // What has arrived is received before the end.
    if (this.#inbox.length > 0) return;
    this.#receiver?.reject(reason);
    this.#receiver = undefined;
  }
}

type Down = DownFrame['kind'];

export class Line {
  /** At the upstream. */
  readonly down: DownChannel;
  /** At the follower. */
  readonly up: UpChannel;
  /** What went down, in order. */
  readonly sent: DownFrame[] = [];
  /** What went up, in order. */
  readonly answered: UpFrame[] = [];
  /** Sees each frame when it is sent. */
  onDown: (frame: DownFrame) => void = () => {};
  onUp: (frame: UpFrame) => void = () => {};
  readonly #down: End<DownFrame, UpFrame>;
  readonly #up: End<UpFrame, DownFrame>;
  readonly from: string;
  readonly to: string;
  #cutAfter = Number.POSITIVE_INFINITY;

  /** @param later when what is sent may be delivered. */
  constructor({ from = '', to = '', later = queueMicrotask as (deliver: () => void) => void } = {}) {
    this.from = from;
    this.to = to;
    this.#down = new End(
      (frame) => decodeDownFrame(encodeDownFrame(frame)) as DownFrame,
      (frame) => {
        this.sent.push(frame);
        this.onDown(frame);
        if (this.sent.length >= this.#cutAfter) this.cut();
      },
      true,
      later,
    );
    this.#up = new End<UpFrame, DownFrame>(
      (frame) => decodeUpFrame(encodeUpFrame(frame)) as UpFrame,
      (frame) => {
        this.answered.push(frame);
        this.onUp(frame);
      },
      false,
      later,
    );
    this.#down.peer = this.#up;
    this.#up.peer = this.#down;
    this.down = this.#down;
    this.up = this.#up;
  }

  /** Breaks when so many frames have gone down, the last of them lost. */
  cutAfter(frames: number): this {
    this.#cutAfter = frames;
    return this;
  }

  /** Breaks now: what is on its way is lost. */
  cut(): void {
    this.#down.flying.length = this.#up.flying.length = 0;
    const reason = new HeadwaterError('unreachable', 'the connection broke');
    this.#down.end(reason);
    this.#up.end(reason);
  }

  /** Nothing arrives any more, in one direction or both, though both ends think that it does. */
  hold(direction: 'down' | 'up' | 'both' = 'both'): void {
    if (direction !== 'up') this.#down.held = true;
    if (direction !== 'down') this.#up.held = true;
  }

  release(): void {
    for (const end of [this.#down, this.#up]) {
      end.held = false;
      end.deliver();
    }
  }

  get held(): boolean {
    return this.#down.held || this.#up.held;
  }

  get ended(): boolean {
    return this.#down.ended.aborted && this.#up.ended.aborted;
  }

  /** Frames sent down and not received. */
  get outstanding(): number {
    return this.#down.outstanding;
  }

  count(kind: Down): number {
    return this.sent.filter((frame) => frame.kind === kind).length;
  }
}

/** Accepts sessions at an address. */
export interface Listener {
  accept(channel: DownChannel): Promise<void>;
}

export class Network {
  readonly #listeners = new Map<string, Listener>();
  /** Every session so far, in the order in which they were dialled. */
  readonly lines: Line[] = [];
  /** Sees each new line before anything is sent. */
  onLine: (line: Line) => void = () => {};
  /** Errors that a session's service threw: there should be none. */
  readonly errors: unknown[] = [];

  listen(address: string, listener: Listener): void {
    this.#listeners.set(address, listener);
  }

  /** Nobody is there any more, and what was connected breaks. */
  down(address: string): void {
    this.#listeners.delete(address);
  }

  /** When what is sent may be delivered: at once, unless a test says otherwise. */
  later: (deliver: () => void) => void = queueMicrotask;

  readonly dial = (address: string): Promise<UpChannel> => this.#dial('', address);

  dialFrom(from: string): (address: string) => Promise<UpChannel> {
    return (address) => this.#dial(from, address);
  }

  async #dial(from: string, address: string): Promise<UpChannel> {
    const listener = this.#listeners.get(address);
    if (!listener) throw new HeadwaterError('unreachable', `${address} cannot be reached`);
    const line = new Line({ from, to: address, later: (deliver) => this.later(deliver) });
    this.lines.push(line);
    this.onLine(line);
    listener.accept(line.down).catch((error: unknown) => this.errors.push(error));
    return line.up;
  }

  get last(): Line {
    const line = this.lines.at(-1);
    if (!line) throw new Error('nobody has dialled');
    return line;
  }
}
