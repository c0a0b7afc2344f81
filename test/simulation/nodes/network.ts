/** The network of a run: each frame takes a random time, and one line at a time may be slow. */
import { Network } from '../../support/channel.js';
import type { TestClock } from '../../support/clock.js';
import { inOrder } from '../delays.js';
import type { Dice } from '../dice.js';
import { LineSpeeds } from './line-speeds.js';

/** The longest that a frame takes on a line that is not slow. */
const FRAME_MS_MAX = 2;

export class SimulatedNetwork extends Network {
  readonly speeds = new LineSpeeds();

  constructor(clock: TestClock, dice: Dice) {
    super();
    this.later = inOrder({ clock, dice }, FRAME_MS_MAX);
    this.speed = (from, to) => this.speeds.speed(from, to);
    this.after = (delayMs, task) => clock.after(delayMs, task);
  }
}
