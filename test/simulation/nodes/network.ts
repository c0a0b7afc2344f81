/** The network of a run: each frame takes a random time, and one line at a time may be slow. */
import { type Line, Network } from '../../support/channel.js';
import type { TestClock } from '../../support/clock.js';
import { inOrder } from '../delays.js';
import type { Dice } from '../dice.js';
import { LineSpeeds } from './line-speeds.js';

/** The longest that a frame takes on a line that is not slow. */
const FRAME_MS_MAX = 2;

/** The keys of a frame of a snapshot. */
const FRAME_KEYS = 2;
const FRAME_PAUSE_MS = 0.5;

export class SimulatedNetwork extends Network {
  readonly speeds = new LineSpeeds();

  constructor(clock: TestClock, dice: Dice) {
    super();
    this.later = inOrder({ clock, dice }, FRAME_MS_MAX);
    this.speed = (from, to) => this.speeds.speed(from, to);
    this.after = (delayMs, task) => clock.after(delayMs, task);
  }
}

/** The snapshots of a run are small. They go in small frames with pauses, so that lines break in the middle of one too. */
export function sendInSmallFrames({ down }: Line, clock: TestClock): void {
  const send = down.send.bind(down);
  const sendPieces = async ({ keys, records }: { keys: readonly Buffer[]; records: readonly Buffer[] }) => {
    for (let at = 0; at < keys.length; at += FRAME_KEYS) {
      const end = at + FRAME_KEYS;
      await send({ kind: 'snapshotChunk', keys: keys.slice(at, end), records: records.slice(at, end) });
      await new Promise<void>((resolve) => void clock.after(FRAME_PAUSE_MS, resolve));
    }
  };
  down.send = (frame) => (frame.kind === 'snapshotChunk' ? sendPieces(frame) : send(frame));
}
