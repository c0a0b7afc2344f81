/**
 * The channels or patterns that Redis clients subscribe to, each with its subscribers in the order in which they came.
 */
import { HeadwaterError } from '../../base/errors.js';
import { keyName } from '../../base/key-name.js';
import { PATTERNS_BYTES_MAX, PATTERNS_MAX } from '../../base/limits.js';
import { compileRedisGlob, type Glob } from '../../commands/glob.js';
import type { Listener, Topic } from './listener.js';

/** A pattern, compiled. */
interface PatternTopic extends Topic {
  readonly glob: Glob;
}

export class Topics<T extends Topic = Topic> {
  readonly #topics = new Map<string, T>();
  readonly #make: (name: Buffer) => T;

  /** @param make a topic without listeners, by its name. May refuse with a HeadwaterError. */
  constructor(make: (name: Buffer) => T) {
    this.#make = make;
  }

  get size(): number {
    return this.#topics.size;
  }

  get all(): Iterable<T> {
    return this.#topics.values();
  }

  of(name: Buffer): T | undefined {
    return this.#topics.get(keyName(name));
  }

  /** Adds a listener. @returns the topic. */
  add(name: Buffer, listener: Listener): T {
    const key = keyName(name);
    let topic = this.#topics.get(key);
    if (!topic) {
      // The name is a view of received bytes.
      topic = this.#make(Buffer.from(name));
      this.#topics.set(key, topic);
    }
    topic.listeners.add(listener);
    return topic;
  }

  remove(topic: T, listener: Listener): void {
    topic.listeners.delete(listener);
    if (topic.listeners.size === 0) this.#topics.delete(keyName(topic.name));
  }
}

export function channelTopics(): Topics {
  return new Topics((name) => ({ name, listeners: new Set() }));
}

/** Patterns have bounds in number and in bytes, since every message is matched against all. */
export class PatternTopics extends Topics<PatternTopic> {
  #bytes = 0;
  /** The steps of a match against all patterns: some for any name, and some for each byte of the name. */
  #steps = 0;
  #stepsPerByte = 0;

  constructor() {
    super((name) => this.#compiled(name));
  }

  override remove(topic: PatternTopic, listener: Listener): void {
    super.remove(topic, listener);
    if (topic.listeners.size === 0) this.#weigh(topic, -1);
  }

  /** The most steps of a match of a name against all patterns. */
  stepsFor(nameBytes: number): number {
    return this.#steps + nameBytes * this.#stepsPerByte;
  }

  #compiled(name: Buffer): PatternTopic {
    if (this.size >= PATTERNS_MAX || this.#bytes + name.length > PATTERNS_BYTES_MAX) {
      throw new HeadwaterError(
        'too_large',
        `expected at most ${PATTERNS_MAX} patterns of ${PATTERNS_BYTES_MAX} bytes over all clients, received another. Subscribe to channels`,
      );
    }
    const topic = { name, glob: channelGlob(name), listeners: new Set<Listener>() };
    this.#weigh(topic, 1);
    return topic;
  }

  #weigh({ name, glob }: PatternTopic, sign: 1 | -1): void {
    const steps = glob.stepsFor(0);
    this.#bytes += sign * name.length;
    this.#steps += sign * steps;
    this.#stepsPerByte += sign * (glob.stepsFor(1) - steps);
  }
}

/** A pattern of channels. The pattern `*` does not match the empty name, as it does for keys. */
export function channelGlob(pattern: Buffer): Glob {
  const glob = compileRedisGlob(pattern);
  return { ...glob, matches: (name) => (name.length === 0 ? pattern.length === 0 : glob.matches(name)) };
}
