/**
 * The calls of a session, counted by command. Commands that are equal and follow each other are one run, so that a
 * pipeline costs an addition for each command, and a look at the clock for each message and each flush of replies.
 *
 * The time of a command is the time for which its client waited, from the arrival of the message in the session until
 * the reply was written. Commands whose replies are written together share that time in equal parts. A command that runs
 * alone has its own time. The commands of an EXEC share the time of the EXEC. So the times of a connection add up to
 * the time in which it was not idle, apart from those between MULTI and EXEC, which count twice, as in Redis.
 *
 * The same looks at the clock tell which requests the slow log gets to see (slow-requests.ts).
 */
import type { Clock } from '../../base/clock.js';
import { Fifo } from '../../base/fifo.js';
import type { ReplyWriter } from '../codec/reply-writer.js';
import type { Request } from '../codec/request-parser.js';
import type { CountedCall } from '../info/call-counts.js';
import type { DoorCounts } from '../info/door-counts.js';
import type { CommandTable } from '../table/command-table.js';
import { SlowRequests, type SlowSession } from './slow-requests.js';
import type { QueuedCommand } from './transaction-state.js';

const MICROSECONDS_PER_MS = 1_000;
const NO_REQUESTS: readonly unknown[] = [];

/** First words of the errors for commands that did not run. */
const REJECTIONS = /^(?:READONLY|OOM|MISCONF|LOADING|MASTERDOWN|NOAUTH|NOREPLICAS Not enough) /;

/** Calls of one command that follow each other. */
interface Run {
  readonly call: CountedCall;
  readonly startedMs: number;
  length: number;
  /** How many of them were refused before they ran. */
  rejected: number;
  /** Requests that came together, with those of the run from `at` on. */
  readonly requests: readonly unknown[];
  readonly at: number;
}

/** The parts of a session that the counts need. */
interface Counted extends SlowSession {
  readonly node: SlowSession['node'] & {
    readonly clock: Clock;
    readonly counts: Pick<DoorCounts, 'asked' | 'calls' | 'refused'>;
  };
}

export class SessionCalls {
  /** The requests that the slow log gets to see. */
  readonly slow: SlowRequests;
  readonly #node: Counted['node'];
  readonly #table: CommandTable;
  readonly #unanswered: () => number;
  /** Runs that are not answered whole, and the number of their commands. */
  readonly #runs = new Fifo<Run>();
  #sent = 0;
  /** The runs that were passed over on the way to the one that is being answered, and the number of their commands. */
  #passedRuns = 0;
  #passed = 0;
  /** The newest command of the message that is being sent, and its run. */
  #newest: object | string | undefined;
  #newestRun: Run | undefined;
  #messageMs = 0;
  /** The requests that came with the message, and the place of the first command less the commands sent before. */
  #requests: readonly unknown[] = NO_REQUESTS;
  #placeOfSent = 0;
  #answeredMs = 0;
  /** The command that runs alone. */
  #alone: Run | undefined;
  /** The commands that EXECs carried out since the last counts, and the one whose reply is being written. */
  #parts: Run[] = [];
  #part: Run | undefined;

  /**
   * @param outs the writers whose errors are counted.
   * @param unanswered tells how many commands were sent to the pipeline and are not answered.
   */
  constructor(session: Counted, outs: readonly ReplyWriter[], unanswered: () => number) {
    const { node, door } = session;
    this.slow = new SlowRequests(session);
    this.#node = node;
    this.#table = door.table;
    this.#unanswered = unanswered;
    for (const out of outs) out.onError = (sentence) => this.#refused(sentence);
  }

  /**
   * Notes that commands are about to be sent together, as one message.
   * @param requests that came together. @param place of the first command among them.
   */
  begin(requests: readonly unknown[], place: number): void {
    this.#requests = requests;
    this.#placeOfSent = place - this.#sent;
    this.#messageMs = this.#node.clock.monotonicMs();
  }

  /** Notes that the message is complete. From then on its runs alone refer to the requests, until they are answered. */
  end(commands: number): void {
    this.#requests = NO_REQUESTS;
    this.#newest = undefined;
    this.#newestRun = undefined;
    this.#node.counts.asked(commands, this.#messageMs);
  }

  /** Notes a command that is sent to the pipeline. @param command as the session found it, or its refusal. */
  send(command: object | string, request: Request): void {
    const place = this.#placeOfSent + this.#sent++;
    if (this.#newest === command && this.#newestRun && typeof command === 'object') {
      this.#newestRun.length++;
      return;
    }
    this.#newest = command;
    this.#newestRun = this.#runOf(command, request, this.#messageMs, this.#requests, place);
    this.#runs.push(this.#newestRun);
  }

  /** Counts the commands that were answered. Called when replies were written. */
  answered(): void {
    const done = this.#sent - this.#unanswered();
    let commands = 0;
    let runs = 0;
    for (let run = this.#runs.at(0); run && commands + run.length <= done; run = this.#runs.at(++runs)) {
      commands += run.length;
    }
    if (runs === 0) return;
    const nowMs = this.#node.clock.monotonicMs();
    const sinceMs = Math.max(this.#answeredMs, (this.#runs.at(0) as Run).startedMs);
    this.#answeredMs = nowMs;
    this.#sent -= commands;
    this.#passedRuns = Math.max(0, this.#passedRuns - runs);
    this.#passed = Math.max(0, this.#passed - commands);
    const slowMs = this.slow.slowMs(nowMs - sinceMs);
    if (slowMs > 0) this.slow.answered(this.#firstRuns(runs), this.#parts, slowMs);
    const each = ((nowMs - sinceMs) * MICROSECONDS_PER_MS) / commands;
    let execs = 0;
    for (; runs > 0; runs--) {
      const run = this.#runs.shift() as Run;
      count(run, each);
      if (run.call.isExec) execs += run.length;
    }
    this.#countParts(each * execs);
  }

  /** Notes that a command runs alone, for its requests in a row. */
  beginAlone(command: object, row: readonly Request[]): void {
    const nowMs = this.#node.clock.monotonicMs();
    this.#node.counts.asked(row.length, nowMs);
    // A break of the protocol has no request.
    const request = Array.isArray(row[0]) ? row[0] : [Buffer.alloc(0)];
    this.#alone = this.#runOf(command, request, nowMs, row);
    this.#alone.length = row.length;
  }

  /** Notes that nothing runs alone any more. */
  endAlone(): void {
    const run = this.#alone;
    if (!run) return;
    this.#alone = undefined;
    const ms = this.#node.clock.monotonicMs() - run.startedMs;
    const slowMs = this.slow.slowMs(ms);
    if (slowMs > 0) this.slow.answered([run], this.#parts, slowMs);
    const microseconds = ms * MICROSECONDS_PER_MS;
    count(run, microseconds / run.length);
    this.#countParts(microseconds);
  }

  /** Notes a command of an EXEC whose reply comes next. */
  part({ command, request }: QueuedCommand<object>): void {
    this.#part = this.#runOf(command, request, 0, [request]);
    this.#parts.push(this.#part);
  }

  /** Notes that all replies of an EXEC were written. */
  endParts(): void {
    this.#part = undefined;
  }

  /** Notes a reply that is an error. @param sentence with its first word. */
  #refused(sentence: string): void {
    this.#node.counts.refused(sentence);
    const run = this.#part ?? this.#alone ?? this.#runBeingAnswered();
    if (!run?.call.count) return;
    if (!run.call.isCalled || REJECTIONS.test(sentence)) {
      run.call.count.rejected++;
      run.rejected++;
    } else run.call.count.failed++;
  }

  /** The run of the first command whose reply is not written whole. */
  #runBeingAnswered(): Run | undefined {
    // The command whose reply is being written counts as answered.
    const before = this.#sent - this.#unanswered() - 1;
    let run = this.#runs.at(this.#passedRuns);
    while (run && before - this.#passed >= run.length) {
      this.#passed += run.length;
      run = this.#runs.at(++this.#passedRuns);
    }
    return run;
  }

  #runOf(command: object | string, request: Request, startedMs: number, requests: readonly unknown[], at = 0): Run {
    const call = this.#node.counts.calls.of(command, request, this.#table);
    return { call, startedMs, length: 1, rejected: 0, requests, at };
  }

  #firstRuns(count: number): Run[] {
    return Array.from({ length: count }, (_, at) => this.#runs.at(at) as Run);
  }

  #countParts(microseconds: number): void {
    if (this.#parts.length === 0) return;
    for (const part of this.#parts) count(part, microseconds / this.#parts.length);
    this.#parts = [];
  }
}

function count({ call, length, rejected }: Run, microsecondsEach: number): void {
  if (!call.count || !call.isCalled) return;
  const calls = length - rejected;
  call.count.calls += calls;
  call.count.microseconds += calls * microsecondsEach;
}
