/**
 * The oracle of resyncs: the tree of all blocks says whether the logs of both
 * sides allow a partial resync. A resync is partial exactly if they do.
 */
import type { Position } from '../../../src/model/position.js';
import type { Line } from '../../support/channel.js';
import type { Journal } from '../journal.js';
import type { SimulatedNode } from '../nodes/node.js';
import { type History, leadsTo, Violation } from './history.js';
import type { Leadership } from './leadership.js';

interface Surroundings {
  readonly journal: Journal;
  readonly history: History;
  readonly nodes: readonly SimulatedNode[];
  readonly leadership: Leadership;
}

export class Resyncs {
  readonly #simulation: Surroundings;

  constructor(simulation: Surroundings) {
    this.#simulation = simulation;
  }

  /** Sees every frame of a line from now on. */
  readonly watch = (line: Line): void => {
    const { journal, leadership } = this.#simulation;
    const name = `${line.from}→${line.to}`;
    line.onUp = (frame) => journal.note(`${name} up ${frame.kind}`);
    line.onDown = (frame) => {
      journal.note(`${name} down ${frame.kind}`);
      if (frame.kind === 'continue') journal.checked(() => this.#judgePartial(line));
      if (frame.kind === 'fullResync') journal.checked(() => this.#judgeFull(line, frame.reason));
      if (frame.kind === 'fullResync' && frame.logFrom) {
        const { logFrom, position } = frame;
        journal.checked(() => this.#judgeResumed(line, logFrom, position));
      }
      if (frame.kind === 'refuse') journal.count(`refused ${frame.reason}`);
      journal.checked(() => leadership.sent(line, frame));
    };
  };

  /** Whether both logs allow a partial resync; undefined if nobody can say. */
  #partialAllowed(line: Line): boolean | undefined {
    const { history, nodes } = this.#simulation;
    const [handshake] = line.answered;
    const upstream = nodes.find(({ address }) => address === line.to);
    if (handshake?.kind !== 'handshake' || !upstream?.isServing) return undefined;
    const { offset } = handshake.position;
    if (handshake.full || handshake.keyspaceIncomplete || handshake.keyspaceOffset > offset) return false;
    const asked = history.find(handshake.position);
    const { base, end } = upstream.store.data.log;
    return asked !== undefined && offset >= base.offset && leadsTo(asked, history.at(end));
  }

  #judgePartial(line: Line): void {
    this.#simulation.journal.count('partial resync');
    if (this.#partialAllowed(line) === false)
      throw new Violation(`a partial resync continues a past that both sides share: ${line.from} from ${line.to}`);
  }

  #judgeResumed(line: Line, logFrom: Position, position: Position): void {
    const { history, journal } = this.#simulation;
    journal.count('full resync resumed');
    if (logFrom.offset < position.offset) journal.count('full resync resumed over writes');
    if (!leadsTo(history.at(logFrom), history.at(position)))
      throw new Violation(`a full resync resumes in a past that both sides share: ${line.from} from ${line.to}`);
  }

  #judgeFull(line: Line, reason: string): void {
    this.#simulation.journal.count(`full resync ${reason.split(':')[0]}`);
    const [handshake] = line.answered;
    // A follower without data has nothing to continue.
    if (handshake?.kind === 'handshake' && handshake.position.offset === 0) return;
    if (this.#partialAllowed(line))
      throw new Violation(`no resync is full where a partial one is allowed: ${line.from} from ${line.to}, ${reason}`);
  }
}
