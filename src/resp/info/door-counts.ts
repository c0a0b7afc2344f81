/**
 * Counts of the Redis clients of a node since it started, for INFO. Commands are counted once for a message of the
 * pipeline, and bytes when a connection is closed or INFO asks. So the counts cost a command nearly nothing.
 */
import type { Clock } from '../../base/clock.js';
import type { KeyLookups } from '../codec/reply-writer.js';
import { CallCounts } from './call-counts.js';

/** The span of a sample, and the number of samples in the present rate. */
const SAMPLE_MS = 100;
const SAMPLES = 16;

/** Rates of bytes are means over at least this time. */
const RATE_MS_MIN = 100;

/** The sockets of a client, as far as they count bytes. */
export interface CountedSocket {
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

export class DoorCounts {
  /** Connections that were accepted. */
  connections = 0;
  /** Commands that were asked, carried out or refused. */
  commands = 0;
  /** Connections that were closed because their requests held memory that others waited for. */
  closedForMemory = 0;
  /** Calls by command. */
  readonly calls = new CallCounts();
  /** Keys that reads asked for, and the expired keys that the node had deleted when the counts began. */
  readonly keys: KeyLookups & { expiredBefore: number } = { hits: 0, misses: 0, expiredBefore: 0 };
  readonly #clock: Clock;
  readonly #open = new Set<CountedSocket>();
  readonly #errors = new Map<string, number>();
  #closedBytes = { read: 0, written: 0 };
  /** Commands in each sample, by the number of the sample modulo SAMPLES. */
  readonly #samples = Array.from({ length: SAMPLES }, () => 0);
  #sample = 0;
  /** The bytes at the last look at the rates, and the rates since the look before. */
  #look = { ms: 0, read: 0, written: 0 };
  #rates = { read: 0, written: 0 };

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#look.ms = clock.monotonicMs();
  }

  /** Notes a new connection. */
  opened(socket: CountedSocket): void {
    this.connections++;
    this.#open.add(socket);
  }

  closed(socket: CountedSocket): void {
    if (!this.#open.delete(socket)) return;
    this.#closedBytes.read += socket.bytesRead;
    this.#closedBytes.written += socket.bytesWritten;
  }

  /** Notes commands that arrived together, at this time of the clock. */
  asked(commands: number, nowMs: number): void {
    this.commands += commands;
    this.#advance(nowMs);
    const at = this.#sample % SAMPLES;
    this.#samples[at] = (this.#samples[at] as number) + commands;
  }

  /** Notes a reply that is an error. @param sentence with its first word. */
  refused(sentence: string): void {
    const [word = ''] = sentence.split(' ', 1);
    this.#errors.set(word, (this.#errors.get(word) ?? 0) + 1);
  }

  /** Replies that were errors, by their first word. */
  get errors(): ReadonlyMap<string, number> {
    return this.#errors;
  }

  get openConnections(): number {
    return this.#open.size;
  }

  /** Bytes from and to all clients. */
  get bytes(): { readonly read: number; readonly written: number } {
    let { read, written } = this.#closedBytes;
    for (const socket of this.#open) {
      read += socket.bytesRead;
      written += socket.bytesWritten;
    }
    return { read, written };
  }

  /** Commands a second, over the last seconds. */
  get commandsPerSecond(): number {
    this.#advance();
    const sum = this.#samples.reduce((all, one) => all + one, 0);
    return Math.round((sum * 1_000) / (SAMPLES * SAMPLE_MS));
  }

  /** KiB a second from and to all clients, since the last look that is long enough ago. So no command pays for it. */
  get kilobytesPerSecond(): { readonly read: number; readonly written: number } {
    const look = { ms: this.#clock.monotonicMs(), ...this.bytes };
    const seconds = (look.ms - this.#look.ms) / 1_000;
    if (seconds * 1_000 < RATE_MS_MIN) return this.#rates;
    const rate = (now: number, before: number) => Math.max(0, now - before) / 1_024 / seconds;
    this.#rates = { read: rate(look.read, this.#look.read), written: rate(look.written, this.#look.written) };
    this.#look = look;
    return this.#rates;
  }

  /** Begins counts at 0 again, for CONFIG RESETSTAT. @param expiredKeys that the node has deleted. */
  reset(expiredKeys: number): void {
    this.calls.reset();
    Object.assign(this.keys, { hits: 0, misses: 0, expiredBefore: expiredKeys });
    this.connections = 0;
    this.commands = 0;
    this.closedForMemory = 0;
    this.#errors.clear();
    const { read, written } = this.bytes;
    this.#closedBytes.read -= read;
    this.#closedBytes.written -= written;
  }

  /** Empties the samples between the last one and the present one. */
  #advance(nowMs = this.#clock.monotonicMs()): void {
    const now = Math.floor(nowMs / SAMPLE_MS);
    if (now === this.#sample) return;
    for (let i = Math.max(this.#sample + 1, now - SAMPLES + 1); i <= now; i++) this.#samples[i % SAMPLES] = 0;
    this.#sample = now;
  }
}
