/** The state of a session between its commands. Commands read and change it, and the input of the session obeys it. */
import type { Guarantees } from '../model/guarantees.js';
import type { Position } from '../model/position.js';

/** The replies that a client wants: all, none, or all but the next one. */
type Replies = 'on' | 'off' | 'skip_next' | 'skip';

export class SessionState {
  /** The number of the connection since the node started, from 1. */
  readonly id: number;
  /** Milliseconds since the epoch. */
  readonly createdMs: number;
  interactedMs: number;
  /** The name that the client gave itself. Empty if it gave none. */
  name = '';
  library = { name: '', version: '' };
  replies: Replies = 'on';
  /** The position of the newest answered command. */
  seen: Position | undefined;
  /** The position of the newest answered write. */
  written: Position | undefined;
  /** The guarantees that the client asked for, for all its commands from then on. */
  guarantees: Guarantees | undefined;

  constructor(id: number, createdMs: number) {
    this.id = id;
    this.createdMs = createdMs;
    this.interactedMs = createdMs;
  }

  /** Tells whether the reply to the next command is not wanted. Asked once for each command. */
  takesSilence(): boolean {
    const { replies } = this;
    if (replies === 'on') return false;
    if (replies === 'skip_next') this.replies = 'skip';
    else if (replies === 'skip') this.replies = 'on';
    return replies !== 'skip_next';
  }
}
