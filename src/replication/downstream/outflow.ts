/**
 * The part of a feed that sends the log, to a follower that is level or is
 * catching up. The outflow sends the blocks from a cursor on, verbatim. Between
 * the blocks it sends the lineage row of each history that begins, and the
 * messages and marks that were placed there. The follower sets the pace: the
 * writer does not know that the outflow exists.
 */
import { Bell } from '../../base/bell.js';
import { beginSleep, type Clock } from '../../base/clock.js';
import { HeadwaterError } from '../../base/errors.js';
import { FRAME_BYTES_MAX, FRAME_INTERVAL_BUSY_MS, FRAME_INTERVAL_MS, FRAMES_AHEAD_MAX } from '../../base/limits.js';
import type { Block } from '../../log/block.js';
import type { Cursor } from '../../log/cursor.js';
import type { Interlude, InterludeReader, PlacedInterlude } from '../../log/interludes.js';
import type { Log } from '../../log/log.js';
import type { LivePlace } from '../../model/live-place.js';
import type { DownFrame } from '../frames.js';
import type { AcknowledgementRequest } from './acknowledgement-requests.js';

export interface OutflowOptions {
  readonly log: Log;
  readonly cursor: Cursor;
  /** A reader that was made before the follower learned where its messages begin. */
  readonly interludes: InterludeReader;
  /** The replication ID that the follower has at the cursor's offset. */
  readonly history: string;
  readonly clock: Clock;
  /** Ends `run`, which rejects with its reason. */
  readonly ended: AbortSignal;
  /** Tells whether somebody waits until the follower has blocks behind this offset. */
  isAwaited(offset: number): boolean;
  /** Tells whether this node has better use for the time that a frame costs. */
  isBusy(): boolean;
  /** The acknowledgements to request with the blocks of this range. */
  asks(firstOffset: number, lastOffset: number): AcknowledgementRequest;
  /** Returns a promise if the follower is behind. */
  send(frame: DownFrame): Promise<void> | undefined;
}

/** A frame may leave by so much before its time. */
const AHEAD_MS_MAX = FRAMES_AHEAD_MAX * FRAME_INTERVAL_MS;

export class Outflow {
  readonly #options: OutflowOptions;
  readonly #log: Log;
  readonly #cursor: Cursor;
  #history: string;
  #sent: { readonly offset: number; readonly checksum: number };
  /** Rings when more blocks were sent. */
  readonly #moved = new Bell();
  readonly #interludes: InterludeReader;
  /** The time of the next frame, if frames had left at their intervals. */
  #frameMs = Number.NEGATIVE_INFINITY;
  /** The time of the last frame. */
  #lastFrameMs = Number.NEGATIVE_INFINITY;
  /** True if the log had more than the last frame took. */
  #isCatchingUp = false;
  /** Ends the wait for more blocks. */
  #endGathering = () => {};

  constructor(options: OutflowOptions) {
    this.#options = options;
    this.#log = options.log;
    this.#cursor = options.cursor;
    this.#history = options.history;
    this.#sent = { offset: options.cursor.offset, checksum: options.cursor.checksum };
    this.#interludes = options.interludes;
  }

  /** The end of the last block sent. */
  get sent(): { readonly offset: number; readonly checksum: number } {
    return this.#sent;
  }

  /**
   * Resolves when all blocks up to `offset` were sent.
   * @throws the reason of `ended`.
   */
  async whenSent(offset: number): Promise<void> {
    const { ended } = this.#options;
    while (this.#sent.offset < offset) {
      await this.#moved.rungAfter(this.#moved.rings, ended);
      if (ended.aborted) throw ended.reason;
    }
  }

  /** Sends without an end. Rejects with the reason of `ended`, or an error. */
  async run(): Promise<never> {
    const { clock, ended } = this.#options;
    for (;;) {
      if (!this.#interludes.isBehind) await this.#log.readers.whenBeyond(this.#cursor.offset, ended);
      // A block that somebody waits for is sent at once, and so are a few of the others. Under load, a wait gathers
      // several blocks in one frame: a short one if blocks are many, a longer one if the node is busy.
      const earlyMs = this.#dueMs - clock.monotonicMs();
      if (earlyMs > 0 && !this.#options.isAwaited(this.#sent.offset)) await this.#gather(earlyMs);
      if (ended.aborted) throw ended.reason;
      const blocks = await this.#cursor.poll(FRAME_BYTES_MAX);
      const nowMs = clock.monotonicMs();
      // Frames for those who wait may leave faster. The others do not wait longer for it.
      this.#frameMs = Math.min(Math.max(this.#frameMs, nowMs), nowMs + AHEAD_MS_MAX) + FRAME_INTERVAL_MS;
      this.#lastFrameMs = nowMs;
      this.#isCatchingUp = this.#cursor.offset < this.#log.end.offset;
      await this.#sendAll(blocks);
      this.#moved.ring();
    }
  }

  /** The time at which the next frame may leave. A busy node gathers for longer, unless frames are full anyway. */
  get #dueMs(): number {
    if (!this.#isCatchingUp && this.#options.isBusy()) return this.#lastFrameMs + FRAME_INTERVAL_BUSY_MS;
    return this.#frameMs - AHEAD_MS_MAX;
  }

  /** Sends what was gathered if somebody waits for it. */
  hurry(): void {
    if (this.#options.isAwaited(this.#sent.offset)) this.#endGathering();
  }

  #gather(ms: number): Promise<void> {
    const { clock, ended } = this.#options;
    const { over, end } = beginSleep(clock, ms, ended);
    this.#endGathering = end;
    return over;
  }

  /** Sends the blocks, and each interlude at its place among them. */
  async #sendAll(blocks: readonly Block[]): Promise<void> {
    const { placed, missed } = this.#interludes.take(blocks.at(-1)?.lastOffset ?? this.#sent.offset);
    // A follower this slow has subscribers too, and they have to know that messages were missed.
    if (missed !== 0) {
      const place = counted(placed[0]?.place ?? this.#interludes.place);
      await this.#options.send({ kind: 'messages', missed: missed ?? 0, place, messages: [] });
    }
    let next = 0;
    for (const group of groupsOf(blocks, placed)) {
      next = await this.#sendInterludes(placed, next, this.#sent.offset);
      await this.#sendBlocks(group);
    }
    await this.#sendInterludes(placed, next, this.#sent.offset);
  }

  /**
   * Sends the interludes from index `next` on that stand behind `offset` or
   * before.
   * @returns the index of the first interlude that stands later.
   */
  async #sendInterludes(placed: readonly PlacedInterlude[], next: number, offset: number): Promise<number> {
    let end = next;
    while (end < placed.length && (placed[end] as PlacedInterlude).offset <= offset) end++;
    for (const frame of framesOf(placed.slice(next, end))) await this.#options.send(frame);
    return end;
  }

  async #sendBlocks(group: readonly Block[]): Promise<void> {
    const first = group[0] as Block;
    if (first.replicationId !== this.#history) {
      const row = this.#log.history.lineage.at(first.firstOffset);
      if (row?.firstOffset !== first.firstOffset)
        throw new HeadwaterError('corrupt', `block ${first.firstOffset} begins a history that is not in the lineage`);
      await this.#options.send({ kind: 'newHistory', row });
      this.#history = first.replicationId;
    }
    const last = group.at(-1) as Block;
    this.#sent = { offset: last.lastOffset, checksum: last.checksum };
    await this.#options.send({
      kind: 'blocks',
      blocks: group.map((block) => block.bytes),
      traces: [],
      ...this.#options.asks(first.firstOffset, last.lastOffset),
    });
  }
}

/**
 * Groups consecutive blocks of one history with no interlude between them. A
 * large block goes alone: at the follower, the bytes of a frame stay in memory
 * as long as any of its blocks does.
 */
function groupsOf(blocks: readonly Block[], placed: readonly PlacedInterlude[]): Block[][] {
  const groups: Block[][] = [];
  let next = 0;
  for (const block of blocks) {
    const begun = next;
    while (next < placed.length && (placed[next] as PlacedInterlude).offset < block.firstOffset) next++;
    const group = groups.at(-1);
    const goesOn = group && next === begun && group[0]?.replicationId === block.replicationId;
    if (goesOn && !isLarge(block) && !isLarge(group[0] as Block)) group.push(block);
    else groups.push([block]);
  }
  return groups;
}

function isLarge({ bytes }: Block): boolean {
  return bytes.length > FRAME_BYTES_MAX;
}

/** Gathers consecutive messages in one frame. */
function framesOf(placed: readonly PlacedInterlude[]): DownFrame[] {
  const frames: DownFrame[] = [];
  let messages: Array<Extract<Interlude, { kind: 'message' }>> = [];
  let bytes = 0;
  for (const { interlude, place } of placed) {
    if (interlude.kind === 'mark') {
      messages = [];
      frames.push(interlude);
      continue;
    }
    if (interlude.kind === 'missed') {
      messages = [];
      frames.push({ kind: 'messages', missed: interlude.count ?? 0, place: counted(interlude.to), messages: [] });
      continue;
    }
    if (messages.length === 0 || bytes > FRAME_BYTES_MAX) {
      messages = [];
      bytes = 0;
      frames.push({ kind: 'messages', missed: 0, place: counted(place), messages });
    }
    messages.push(interlude);
    bytes += interlude.channel.length + interlude.data.length;
  }
  return frames;
}

/** Undefined if this node knows of no messages yet, or follows a node that does not count them. */
export function counted(place: LivePlace): LivePlace | undefined {
  return place.source === '' ? undefined : place;
}
