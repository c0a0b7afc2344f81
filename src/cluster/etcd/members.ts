/**
 * The members of etcd, and how one request is asked of them within one deadline.
 *
 * A request goes to the member that answered last. If that member fails, the next one is asked. If it is silent, the next
 * one is asked as well when the first has had its share of the time, and the first answer counts: a member that stands
 * still costs a share, not the deadline. A request that must not be carried out twice goes to another member only if it
 * has not left this process.
 *
 * The deadline is one of the monotonic clock. gRPC's own deadlines are by the clock of the machine, which may be set.
 */
import type { DialSettings } from '../../access/dial.js';
import type { Clock } from '../../base/clock.js';
import type { RepeatedLog } from '../../base/repeated-log.js';
import type { EtcdCall } from './calls.js';
import { EtcdConnection, type RunningCall } from './connection.js';
import { EtcdUnreachable } from './errors.js';
import { CallFailure } from './status.js';

export interface EtcdQuestion<Request, Response> {
  readonly call: EtcdCall<Request, Response>;
  readonly request: Request;
  readonly token: string | undefined;
  readonly effect: Effect;
}

/**
 * - `none`: the request changes nothing.
 * - `repeatable`: the second time has the same result as the first.
 * - `once`: the request must not be carried out twice.
 */
export type Effect = 'none' | 'repeatable' | 'once';

export interface EtcdAnswer<Response> {
  readonly response: Response;
  readonly address: string;
}

export interface MembersSettings {
  readonly addresses: readonly string[];
  readonly dial: DialSettings;
  readonly clock: Clock;
  readonly log: RepeatedLog;
}

export class Members {
  readonly #settings: MembersSettings;
  readonly #connections = new Map<string, EtcdConnection>();
  readonly #questions = new Set<{ end(reason: Error): void }>();
  /** The index of the member that is asked first. */
  #first = 0;
  #closed: Error | undefined;

  constructor(settings: MembersSettings) {
    this.#settings = settings;
  }

  /**
   * @param deadlineMs by the monotonic clock.
   * @throws CallFailure if etcd refuses, EtcdUnreachable if etcd could not be asked in time.
   */
  async ask<Request, Response>(
    question: EtcdQuestion<Request, Response>,
    deadlineMs: number,
  ): Promise<EtcdAnswer<Response>> {
    if (this.#closed) throw this.#closed;
    const { clock, addresses, log } = this.#settings;
    const order = addresses.map((_, at) => addresses[(this.#first + at) % addresses.length] as string);
    const asked = new Question(question, order, { clock, deadlineMs, connect: (address) => this.#connect(address) });
    this.#questions.add(asked);
    try {
      const answer = await asked.run();
      this.#first = addresses.indexOf(answer.address);
      if (asked.reasons.length === 0) log.ends(SUBJECT);
      return answer;
    } catch (error) {
      if (error instanceof EtcdUnreachable) this.#first = (this.#first + 1) % addresses.length;
      throw error;
    } finally {
      this.#questions.delete(asked);
      for (const address of asked.broken) this.#drop(address);
      if (asked.reasons.length > 0)
        log.warn({}, `members of etcd did not answer: ${asked.reasons.join('; ')}`, SUBJECT);
    }
  }

  close(reason: Error): void {
    this.#closed = reason;
    for (const question of this.#questions) question.end(reason);
    for (const address of this.#connections.keys()) this.#drop(address);
  }

  #connect(address: string): EtcdConnection {
    const known = this.#connections.get(address);
    if (known) return known;
    const connection = new EtcdConnection(address, this.#settings.dial);
    this.#connections.set(address, connection);
    return connection;
  }

  /** gRPC would wait longer and longer before it dials again, so the next request makes a new connection. */
  #drop(address: string): void {
    this.#connections.get(address)?.close();
    this.#connections.delete(address);
  }
}

/** The subject of the log: whether the members answer. */
const SUBJECT = 'etcd';

interface QuestionSettings {
  readonly clock: Clock;
  readonly deadlineMs: number;
  readonly connect: (address: string) => EtcdConnection;
}

interface Attempt<Response> {
  readonly address: string;
  readonly call: RunningCall<Response>;
}

interface Settle<Response> {
  resolve(answer: EtcdAnswer<Response>): void;
  reject(reason: Error): void;
}

/** A request on its way through the members. */
class Question<Request, Response> {
  readonly #question: EtcdQuestion<Request, Response>;
  readonly #settings: QuestionSettings;
  /** The members that have not been asked, in order. */
  readonly #left: string[];
  readonly #shareMs: number;
  readonly #running = new Set<Attempt<Response>>();
  readonly #reasons = new Map<string, string>();
  /** Members whose connection does not serve. */
  readonly broken = new Set<string>();
  #mayBeDone = false;
  #cancelTimer: () => void = () => {};
  #settle: Settle<Response> | undefined;

  constructor(question: EtcdQuestion<Request, Response>, order: readonly string[], settings: QuestionSettings) {
    this.#question = question;
    this.#settings = settings;
    this.#left = [...order];
    this.#shareMs = (settings.deadlineMs - settings.clock.monotonicMs()) / order.length;
  }

  /** The members that failed or were silent, each with its reason. */
  get reasons(): readonly string[] {
    return [...this.#reasons].map(([address, reason]) => (reason.includes(address) ? reason : `${address}: ${reason}`));
  }

  run(): Promise<EtcdAnswer<Response>> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#askNext();
    });
  }

  /** Ends the question without an answer. */
  end(reason: Error): void {
    this.#over()?.reject(reason);
  }

  #askNext(): void {
    const address = this.#left.shift();
    if (address === undefined) return this.#unreachable();
    const { call, request, token } = this.#question;
    const attempt = { address, call: this.#settings.connect(address).ask(call, request, token) };
    this.#running.add(attempt);
    attempt.call.answer.then(
      (response) => this.#over()?.resolve({ response, address }),
      (error) => this.#failed(attempt, error),
    );
    this.#wait();
  }

  /** Sets the time at which the next member is asked, or the end. */
  #wait(): void {
    this.#cancelTimer();
    const { clock, deadlineMs } = this.#settings;
    const leftMs = deadlineMs - clock.monotonicMs();
    const isLast = this.#left.length === 0;
    this.#cancelTimer = clock.after(Math.max(0, isLast ? leftMs : Math.min(leftMs, this.#shareMs)), () => this.#late());
  }

  #late(): void {
    const { clock, deadlineMs } = this.#settings;
    if (clock.monotonicMs() >= deadlineMs) return this.#unreachable();
    if (this.#left.length === 0 || this.#isOnItsWay) return this.#wait();
    for (const attempt of this.#running) {
      this.#silent(attempt);
      if (this.#question.effect === 'once') this.#cancel(attempt);
    }
    this.#askNext();
  }

  /** Whether a member may carry out a request that must not be carried out twice. */
  get #isOnItsWay(): boolean {
    return this.#question.effect === 'once' && [...this.#running].some(({ call }) => call.mayBeSent());
  }

  #failed(attempt: Attempt<Response>, error: Error): void {
    if (!this.#running.delete(attempt)) return;
    const failure = CallFailure.from(error, attempt.call.mayBeSent());
    if (failure.isRefusal) return this.#over()?.reject(failure);
    this.#reasons.set(attempt.address, failure.reason);
    if (failure.isOfConnection) this.broken.add(attempt.address);
    this.#mayBeDone ||= failure.mayBeDone;
    if (this.#mayBeDone && this.#question.effect === 'once') return this.#unreachable();
    if (this.#left.length > 0) return this.#askNext();
    if (this.#running.size === 0) this.#unreachable();
  }

  #silent({ address, call }: Attempt<Response>): void {
    if (!this.#reasons.has(address)) this.#reasons.set(address, 'no answer in time');
    this.broken.add(address);
    this.#mayBeDone ||= call.mayBeSent();
  }

  #cancel(attempt: Attempt<Response>): void {
    this.#running.delete(attempt);
    attempt.call.cancel();
  }

  #unreachable(): void {
    for (const attempt of this.#running) this.#silent(attempt);
    const mayBeDone = this.#mayBeDone && this.#question.effect !== 'none';
    const done = mayBeDone ? '. The request may have been carried out' : '';
    this.#over()?.reject(
      new EtcdUnreachable(`etcd could not be asked: ${this.reasons.join('; ')}${done}`, { mayBeDone }),
    );
  }

  /** Ends everything that runs. @returns undefined if the question is over already. */
  #over(): Settle<Response> | undefined {
    const settle = this.#settle;
    this.#settle = undefined;
    this.#cancelTimer();
    this.#left.length = 0;
    for (const attempt of this.#running) this.#cancel(attempt);
    return settle;
  }
}
