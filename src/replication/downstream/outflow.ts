/**
 * What a feed sends once its follower is level or on the way there: the blocks
 * of the log from a cursor on, verbatim, and between them the rows of the
 * histories that they begin and what was said between two blocks. It pulls at
 * the follower's pace: the writer does not know that it exists.
 */
import { type Clock, sleep } from '../../base/clock.js';
import { HeadwaterError } from '../../base/errors.js';
import { FRAME_BYTES_MAX, FRAME_INTERVAL_MS } from '../../base/limits.js';
import type { Block } from '../../log/block.js';
import type { Cursor } from '../../log/cursor.js';
import type { Interlude, InterludeReader, Placed } from '../../log/interludes.js';
import type { Log } from '../../log/log.js';
import type { LivePlace } from '../../model/live-place.js';
import type { DownFrame } from '../../wire/down-frames.js';
import type { AcknowledgementRequest } from './acknowledgement-requests.js';

export interface OutflowOptions {
  readonly log: Log;
  readonly cursor: Cursor;
  /** Came before the follower was told where its messages begin. */
  readonly interludes: InterludeReader;
  /** The replication ID that the follower knows itself to be under at the cursor's offset. */
  readonly history: string;
  readonly clock: Clock;
  /** Ends it, with the reason that `run` rejects with. */
  readonly ended: AbortSignal;
  /** What is to be acknowledged at once of blocks in this range. */
  asks(firstOffset: number, lastOffset: number): AcknowledgementRequest;
  /** A promise where the follower is behind. */
  send(frame: DownFrame): Promise<void> | undefined;
}

export class Outflow {
  readonly #options: OutflowOptions;
  readonly #log: Log;
  readonly #cursor: Cursor;
  #history: string;
  #sent: { readonly offset: number; readonly checksum: number };
  readonly #interludes: InterludeReader;

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

  /** For ever; rejects with what ended it. */
  async run(): Promise<never> {
    const { clock, ended } = this.#options;
    let sentMs = Number.NEGATIVE_INFINITY;
    for (;;) {
      if (!this.#interludes.isBehind) await this.#log.whenBeyond(this.#cursor.offset, ended);
      // A lone block goes at once; under load, a little patience makes one frame of several.
      const earlyMs = sentMs + FRAME_INTERVAL_MS - clock.monotonicMs();
      if (earlyMs > 0) await sleep(clock, earlyMs, ended);
      if (ended.aborted) throw ended.reason;
      const blocks = await this.#cursor.poll(FRAME_BYTES_MAX);
      sentMs = clock.monotonicMs();
      await this.#sendAll(blocks);
    }
  }

  /** The blocks, and each interlude where its place is among them. */
  async #sendAll(blocks: readonly Block[]): Promise<void> {
    const { placed, missed } = this.#interludes.take(blocks.at(-1)?.lastOffset ?? this.#sent.offset);
    // A follower this slow has subscribers too.
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

  /** Those from `next` on that stand behind `offset` or before; the index of the first that does not. */
  async #sendInterludes(placed: readonly Placed[], next: number, offset: number): Promise<number> {
    let end = next;
    while (end < placed.length && (placed[end] as Placed).offset <= offset) end++;
    for (const frame of framesOf(placed.slice(next, end))) await this.#options.send(frame);
    return end;
  }

  async #sendBlocks(group: readonly Block[]): Promise<void> {
    const first = group[0] as Block;
    if (first.replicationId !== this.#history) {
      const row = this.#log.lineage.at(first.firstOffset);
      if (row?.firstOffset !== first.firstOffset)
        throw new HeadwaterError(
          'corrupt',
          `block ${first.firstOffset} begins a history that the lineage does not have`,
        );
      await this.#options.send({ kind: 'newHistory', row });
      this.#history = first.replicationId;
    }
    const last = group.at(-1) as Block;
    this.#sent = { offset: last.lastOffset, checksum: last.checksum };
    await this.#options.send({
      kind: 'blocks',
      blocks: group.map((block) => block.bytes),
      ...this.#options.asks(first.firstOffset, last.lastOffset),
    });
  }
}

/**
 * Runs of blocks of one history that no interlude stands between. A large block
 * goes alone: at the follower, what a frame has brought stays in memory as long
 * as any of its blocks does.
 */
function groupsOf(blocks: readonly Block[], placed: readonly Placed[]): Block[][] {
  const groups: Block[][] = [];
  let next = 0;
  for (const block of blocks) {
    const begun = next;
    while (next < placed.length && (placed[next] as Placed).offset < block.firstOffset) next++;
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

/** Messages that follow each other share a frame. */
function framesOf(placed: readonly Placed[]): DownFrame[] {
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

/** Undefined of a node that knows of no messages yet, and of one below a node that does not count. */
export function counted(place: LivePlace): LivePlace | undefined {
  return place.source === '' ? undefined : place;
}
