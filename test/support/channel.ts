/**
 * Replication sessions in memory. A `Line` is one session: two channels whose
 * frames pass through their wire form, are counted, and can be held back, cut
 * after the nth, or stopped for good. A `Network` is what nodes dial.
 */
import { HeadwaterError } from '../../src/base/errors.js';
import type { Channel, DownChannel, UpChannel } from '../../src/replication/channel.js';
import {
  type DownFrame,
  decodeDownFrame,
  decodeUpFrame,
  encodeDownFrame,
  encodeUpFrame,
  type UpFrame,
} from '../../src/replication/frames.js';

/** Frames that may be on their way before the sender is told to wait. */
const WINDOW_FRAMES = 4;

/** Over a slow line a frame comes in pieces, each a sign of life. */
const PIECE_BYTES = 512;

/** A frame of which so much is still on the way when its sender ends the session does not arrive any more. */
const LOST_BYTES_MIN = 4_096;

/** A frame that has been sent and not been delivered. */
interface Flying<Frame> {
  readonly frame: Frame;
  /** Of it, still on the way. */
  bytes: number;
  arrived: boolean;
}

/** What frames travel over. */
export interface Road {
  /** When what is sent may be delivered, at a line that is not slow. */
  later(deliver: () => void): void;
  /** Bytes a millisecond; undefined at a line that is not slow. */
  speed(): number | undefined;
  after(delayMs: number, task: () => void): () => void;
}

class End<Out, In> implements Channel<Out, In> {
  peer!: End<In, Out>;
  readonly flying: Array<Flying<Out>> = [];
  /** Delivered and not received. */
  readonly #inbox: In[] = [];
  readonly #ended = new AbortController();
  readonly #pass: (frame: Out) => { frame: Out; bytes: number };
  readonly #onSend: (frame: Out) => void;
  readonly #explains: boolean;
  readonly #road: Road;
  /** A piece is on the way; ends that. */
  #cancelPiece: (() => void) | undefined;
  #receiver: { resolve(frames: In[]): void; reject(error: unknown): void } | undefined;
  #drained: Array<() => void> = [];
  #heardBytes = 0;
  /** Nothing is delivered while it is true. */
  held = false;

  /** @param explains whether the peer hears the reason for which this end closes: a server's status does, a client's cancel does not. */
  constructor(
    pass: (frame: Out) => { frame: Out; bytes: number },
    onSend: (frame: Out) => void,
    explains: boolean,
    road: Road,
  ) {
    this.#road = road;
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
    const flying = { ...this.#pass(frame), arrived: false };
    this.flying.push(flying);
    this.#onSend(frame);
    if (this.ended.aborted) return undefined;
    if (this.#road.speed() === undefined && !this.#cancelPiece) this.#road.later(() => this.#lands(flying));
    else this.#passSlowly();
    if (this.outstanding <= WINDOW_FRAMES) return undefined;
    return new Promise((resolve) => this.#drained.push(resolve));
  }

  deliver(): void {
    while (!this.held && this.flying[0]?.arrived) this.peer.#arrive((this.flying.shift() as Flying<Out>).frame);
  }

  #lands(flying: Flying<Out>): void {
    flying.arrived = true;
    this.deliver();
  }

  /** The next piece of the first frame that has not arrived; one piece is on the way at a time. */
  #passSlowly(): void {
    const next = this.flying.find(({ arrived }) => !arrived);
    if (this.#cancelPiece || !next) return;
    const piece = Math.min(PIECE_BYTES, next.bytes);
    const delayMs = piece / (this.#road.speed() ?? Number.POSITIVE_INFINITY);
    this.#cancelPiece = this.#road.after(delayMs, () => {
      this.#cancelPiece = undefined;
      next.bytes -= piece;
      if (!this.held) this.peer.#heardBytes += piece;
      if (next.bytes === 0) this.#lands(next);
      this.#passSlowly();
    });
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
    for (const flying of this.flying) {
      if (flying.bytes >= LOST_BYTES_MIN && this.#road.speed() !== undefined) break;
      flying.arrived = true;
    }
    this.deliver();
    this.end(reason ?? new HeadwaterError('cancelled', 'this side ended the session'));
    queueMicrotask(() => this.peer.end(peerHears));
  }

  end(reason: HeadwaterError): void {
    if (this.ended.aborted) return;
    this.flying.length = 0;
    this.#cancelPiece?.();
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

  constructor({ from = '', to = '', road = AT_ONCE as Road } = {}) {
    this.from = from;
    this.to = to;
    this.#down = new End(
      (frame) => {
        const bytes = encodeDownFrame(frame);
        return { frame: decodeDownFrame(bytes) as DownFrame, bytes: bytes.length };
      },
      (frame) => {
        this.sent.push(frame);
        this.onDown(frame);
        if (this.sent.length >= this.#cutAfter) this.cut();
      },
      true,
      road,
    );
    this.#up = new End<UpFrame, DownFrame>(
      (frame) => {
        const bytes = encodeUpFrame(frame);
        return { frame: decodeUpFrame(bytes) as UpFrame, bytes: bytes.length };
      },
      (frame) => {
        this.answered.push(frame);
        this.onUp(frame);
      },
      false,
      road,
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

const AT_ONCE: Road = {
  later: queueMicrotask,
  speed: () => undefined,
  after: () => {
    throw new Error('this line has no clock');
  },
};

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

  /** Bytes a millisecond from one address to the other and back; undefined where a line is not slow. */
  speed: (from: string, to: string) => number | undefined = () => undefined;

  /** The clock of slow lines. */
  after: Road['after'] = AT_ONCE.after;

  readonly dial = (address: string): Promise<UpChannel> => this.#dial('', address);

  dialFrom(from: string): (address: string) => Promise<UpChannel> {
    return (address) => this.#dial(from, address);
  }

  async #dial(from: string, address: string): Promise<UpChannel> {
    const listener = this.#listeners.get(address);
    if (!listener) throw new HeadwaterError('unreachable', `${address} cannot be reached`);
    const road: Road = {
      later: (deliver) => this.later(deliver),
      speed: () => this.speed(from, address),
      after: (delayMs, task) => this.after(delayMs, task),
    };
    const line = new Line({ from, to: address, road });
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
