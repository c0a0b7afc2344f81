/**
 * The log of a part of the node that returns to the same state again and again, such as a link that cannot connect. A
 * state is logged once, and then once an hour with the number of times that it was met. A state that returns after
 * another one is logged again, but only a few times an hour. So two states that alternate do not fill the log either. A
 * line that is suppressed is logged at the level `debug`.
 *
 * The comparison ignores numbers and IDs in the message, since a time or an offset differs each time. The fields that
 * name a node or a file count. Memory is bounded: the oldest states are forgotten.
 */
import type { Clock } from './clock.js';
import { REPEATED_CHARACTERS_MAX, REPEATED_PER_HOUR_MAX, REPEATED_STATE_MS, REPEATED_STATES_MAX } from './limits.js';
import type { Logger } from './logger.js';

/** The fields that name the subject of a line. */
const NAMES = ['node_id', 'address', 'upstream', 'file', 'holder', 'archive', 'method'] as const;

interface Met {
  /** The beginning of the hour in which `said` counts. */
  sinceMs: number;
  said: number;
  unsaid: number;
}

/** The states of one subject, which is in one state at a time. */
export class RepeatedState {
  readonly #clock: Clock;
  readonly #states = new Map<string, Met>();
  #last: string | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * The number of times that the state was met since it was last logged, this time included; undefined if it must not
   * be logged now.
   */
  meets(message: string): number | undefined {
    const state = withoutNumbers(message);
    const nowMs = this.#clock.monotonicMs();
    const met = this.#states.get(state) ?? { sinceMs: nowMs, said: 0, unsaid: 0 };
    keepNewest(this.#states, state, met);
    if (nowMs - met.sinceMs >= REPEATED_STATE_MS) {
      met.sinceMs = nowMs;
      met.said = 0;
    }
    const isChange = state !== this.#last;
    this.#last = state;
    met.unsaid++;
    if (met.said >= (isChange ? REPEATED_PER_HOUR_MAX : 1)) return undefined;
    const times = met.unsaid;
    met.unsaid = 0;
    met.said++;
    return times;
  }

  /** Ends the state: if it is met again, that is a change. */
  ends(): void {
    this.#last = undefined;
  }
}

export class RepeatedLog implements Logger {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #subjects = new Map<string, RepeatedState>();

  private constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Wraps a logger; returns it as it is if it is a RepeatedLog already. */
  static of({ clock, logger }: { readonly clock: Clock; readonly logger: Logger }): RepeatedLog {
    return logger instanceof RepeatedLog ? logger : new RepeatedLog(clock, logger);
  }

  debug(fields: object, message: string): void {
    this.#logger.debug(fields, message);
  }

  /**
   * @param subject the part that is in this state, if it goes from one state to another. Without it, the line is a
   *   state of its own.
   */
  info(fields: object, message: string, subject?: string): void {
    this.#say('info', fields, message, subject);
  }

  warn(fields: object, message: string, subject?: string): void {
    this.#say('warn', fields, message, subject);
  }

  error(fields: object, message: string, subject?: string): void {
    this.#say('error', fields, message, subject);
  }

  /** Ends the state of the subject, or of all subjects if none is given. */
  ends(subject?: string): void {
    for (const [name, state] of this.#subjects) if (subject === undefined || name === subject) state.ends();
  }

  #say(level: 'info' | 'warn' | 'error', fields: object, message: string, subject?: string): void {
    const named = namesIn(fields);
    const about = subject ?? `${named} ${withoutNumbers(message)}`;
    const state = this.#subjects.get(about) ?? new RepeatedState(this.#clock);
    keepNewest(this.#subjects, about, state);
    const times = state.meets(`${named} ${message}`);
    if (times === undefined) this.#logger.debug(fields, message);
    else this.#logger[level](fields, times === 1 ? message : `${message} (${times} times since the last such line)`);
  }
}

function namesIn(fields: object): string {
  const values = NAMES.map((name) => (fields as Record<string, unknown>)[name]);
  return values.filter((value) => typeof value === 'string').join(' ');
}

/** Removes numbers, and IDs and digests, which are hexadecimal. */
function withoutNumbers(message: string): string {
  return message.slice(0, REPEATED_CHARACTERS_MAX).replace(/\b[0-9a-f]{8,}\b|\d+/g, '#');
}

function keepNewest<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  for (const [oldest] of map) if (map.size > REPEATED_STATES_MAX) map.delete(oldest);
}
