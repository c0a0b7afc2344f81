/**
 * The connection of a Redis client: requests in, replies out in the same order.
 *
 * A chunk of the socket is parsed whole, and worked through behind all reads of the turn. The data commands in it that
 * follow each other are one message to the pipeline, whose replies leave in one write. MULTI, the commands behind it and
 * most EXECs are among them. Every other command waits until all before it is answered, runs alone, and the input goes
 * on behind it. So a session needs no order of its own beside the pipeline's.
 *
 * Invariants:
 * - Replies leave in the order of the requests. Every request gets one, unless the client asked for none.
 * - While requests wait here, the socket is not read. So a client that does not read holds one chunk, and the bytes
 *   behind it stay with the client. While a command is blocked, the node reads on, so that the end of the client is
 *   noticed. These bytes count with the requests of all connections.
 */
import { peerOf, signedIn } from '../../access/peer.js';
import { unlessAborted } from '../../base/abort.js';
import type { JointTasks } from '../../base/joint-tasks.js';
import { RECEIVING_SMALL_BYTES, UNSIGNED_ARGUMENT_BYTES_MAX, UNSIGNED_REQUEST_BYTES_MAX } from '../../base/limits.js';
import type { Limits } from '../../commands/view.js';
import type { Guarantees } from '../../model/guarantees.js';
import type { Operation, Reply } from '../../model/operation.js';
import { NO_TAP } from '../../pipeline/monitors.js';
import type { Message, PipelineStream } from '../../pipeline/pipeline.js';
import { runPipeline } from '../../pipeline/pipeline.js';
import type { DecodedOperation } from '../../protobuf/pipeline.js';
import { showRequests } from '../channels/monitored-words.js';
import type { Client } from '../clients.js';
import { ProtocolError } from '../codec/protocol-error.js';
import { ReplyWriter, type RespVersion } from '../codec/reply-writer.js';
import { type Request, type RequestLimits, RequestParser } from '../codec/request-parser.js';
import {
  type Command,
  type CommandSession,
  type DataCommand,
  type Door,
  isAlone,
  type SessionCommand,
} from '../command.js';
import type { RedisNode } from '../redis-node.js';
import { sentenceOfFailure } from '../replies/refusal.js';
import { commandOf, NAMES } from '../table/table.js';
import { answerNow, canAnswerNow } from './answers-now.js';
import type { ConnectionFigures, RedisConnection } from './connection.js';
import { ForwardedWrites } from './forwarded-writes.js';
import type { HeldRequests } from './held-requests.js';
import { Intake } from './intake.js';
import { Reading } from './reading.js';
import { isKnown, type OutputConnection, ReplyOutput, silent } from './reply-output.js';
import { takeRow } from './row.js';
import { SessionCalls } from './session-calls.js';
import { SessionState } from './session-state.js';
import { SessionUser } from './session-user.js';

/** Data commands that were received together. */
interface Commands extends Message {
  readonly operations: DecodedOperation[];
  readonly guarantees: Guarantees | undefined;
}

/** Requests are counted and refused before they become messages. */
const TAKES_ALL: Pick<PipelineStream<Commands>, 'decode' | 'refusal' | 'onRefused' | 'taken' | 'inHand'> = {
  decode: (commands) => commands,
  refusal: () => undefined,
  onRefused: () => {},
  taken: () => {},
  inHand: () => {},
};

/** The parts of the door that a session needs. */
interface Surroundings {
  readonly id: number;
  readonly door: Door;
  /** The memory of the requests that are not complete, of all sessions. */
  readonly memory: Pick<HeldRequests, 'note'>;
  /** The work of all sessions on the requests of a turn. */
  readonly work: JointTasks;
}

export class Session implements CommandSession, Client {
  readonly node: RedisNode;
  readonly door: Door;
  readonly connection: RedisConnection;
  readonly state: SessionState;
  readonly #intake: Intake;
  #output!: ReplyOutput;
  #deliver!: (message: Commands) => void;
  #endInput!: () => void;
  /** True while the pipeline takes no more. */
  #isPaused = false;
  /** True while a command that runs alone goes on. */
  #isRunning = false;
  /** Bytes that were written before the command that runs alone. */
  #replyStart = 0;
  /** The replies that the client does not want. */
  readonly #unsent = new ReplyWriter();
  readonly #reading: Reading;
  readonly #workLater: () => void;
  /** True while the session works through its requests. */
  #isWorking = false;
  /** True once the client has sent its last byte. */
  #hasEnded = false;
  /** True once no more requests are carried out. */
  #isClosing = false;

  constructor(connection: RedisConnection, node: RedisNode, { id, door, memory, work }: Surroundings) {
    this.connection = connection;
    this.door = door;
    this.node = node;
    this.#workLater = () => work.add(() => this.#work());
    const calls = new SessionCalls(this, [connection.out, this.#unsent], () => this.#output.unanswered);
    this.state = new SessionState(id, node.clock.wallMs(), calls, userOf(this));
    this.#reading = new Reading(connection.socket);
    this.#intake = new Intake(new RequestParser(new SessionLimits(node.writes.limits, this.state), NAMES), memory, {
      setHeldBack: (isHeldBack) => this.#reading.setHeldBack(isHeldBack),
      isIdle: () => connection.sending.bytes > 0 || this.#isBlocked,
      drop: () => connection.drop(),
    });
  }

  get peer(): string {
    return this.connection.call.peer;
  }

  get out(): ReplyWriter {
    return this.state.replies.isSilent ? this.#unsent : this.connection.out;
  }

  get figures(): ConnectionFigures {
    return this.connection.figures(this.#intake.heldBytes);
  }

  get signal(): AbortSignal {
    return this.connection.call.over;
  }

  /** Begins to read. */
  start(): void {
    const { socket } = this.connection;
    void this.#runPipeline();
    this.connection.call.onStopping(() => this.close());
    this.state.blocking.onBegun = () => this.#work();
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.once('close', () => {
      this.#intake.end();
      this.state.transaction.close();
    });
    socket.once('end', () => {
      this.#hasEnded = true;
      this.#work();
    });
  }

  close(): void {
    this.#isClosing = true;
    this.#intake.end();
    this.#work();
  }

  // ---- for commands -------------------------------------------------------------

  execute(operations: readonly Operation[], bytes: number): Promise<Reply[]> {
    // The pipeline takes nothing more.
    if (this.signal.aborted) return Promise.reject(this.signal.reason);
    const answered = new Promise<Reply[]>((resolve) => {
      const replies: Reply[] = [];
      const collect = (reply: Reply) => {
        if (replies.push(reply) === operations.length) resolve(replies);
      };
      for (const _ of operations) this.#output.expect({ collect });
      this.#deliver({ length: bytes, operations: [...operations], guarantees: this.state.guarantees });
    });
    // A client that is gone gets no replies.
    return unlessAborted(answered, this.connection.call.signal);
  }

  async flushed(): Promise<void> {
    if (this.state.replies.isSilent) this.#unsent.take();
    else await this.state.calls.slow.waits.whileUnread(this.connection.roomForPart());
  }

  drop(): void {
    this.connection.drop();
  }

  speak(version: RespVersion): void {
    this.state.listener?.send();
    this.connection.out.version = version;
    this.#unsent.version = version;
  }

  push(message: Buffer, sent: () => void): number {
    const isMidReply = this.#isRunning && (this.#hasBegunReply || this.state.transaction.isExecuting);
    return this.connection.push(message, sent, { isHeld: isMidReply });
  }

  // ---- in -------------------------------------------------------------------------

  #receive(chunk: Buffer): void {
    this.state.activity.receivedMs = this.node.clock.wallMs();
    this.#intake.receive(chunk);
    // Behind a large chunk another may follow in this turn, unless the session stops reading.
    if (chunk.length >= RECEIVING_SMALL_BYTES) this.#work();
    else this.#workLater();
  }

  /** Works through the requests, until one has to wait. */
  #work(): void {
    if (this.#isWorking) return;
    this.#isWorking = true;
    try {
      do {
        this.state.activity.requests = this.#intake.received;
        while (this.#intake.first && this.#goesOn());
      } while (!this.#intake.first && this.#intake.receiveWaiting());
    } catch (failure) {
      this.#fail(failure);
    }
    this.#isWorking = false;
    if (this.#hasEnded && this.#isBlocked) this.#giveUp();
    this.#intake.settle();
    if (this.#intake.isEmpty) this.state.transaction.keep();
    this.#updateReading();
    if (this.#intake.isEmpty && this.#output.isIdle && !this.#isRunning) this.#rest();
    else this.connection.flushLater();
  }

  /** Ends the connection after a failure that nobody foresaw: whatever goes wrong here, the node goes on. */
  #fail(failure: unknown): void {
    this.connection.call.report(failure);
    this.connection.drop();
    this.#isClosing = true;
    this.#intake.end();
  }

  /** Ends the session of a client that has closed its side. As in Redis, nobody waits for a blocked command then. */
  #giveUp(): void {
    this.#isClosing = true;
    this.#intake.end();
    if (this.#isRunning) this.connection.finish();
  }

  get #isBlocked(): boolean {
    return this.door.clients.isBlocked(this);
  }

  #updateReading(): void {
    // Bytes behind the end of a session are read and dropped.
    const isReading = this.#isClosing || (this.#intake.isEmpty && !this.#isPaused);
    const unanswered = this.#isRunning ? 1 : this.#output.unanswered;
    this.#intake.note({ unanswered, isReading, queuedBytes: this.state.transaction.bytes });
    this.#reading.setWanted(isReading || this.#isBlocked);
  }

  /** All that has come is done. */
  #rest(): void {
    this.state.transaction.settle();
    if (!this.#hasEnded && !this.#isClosing) return this.connection.flushLater();
    this.#endInput();
    // A client that keeps its side of the connection open receives no more messages.
    this.state.reset();
    this.connection.finish();
  }

  /** @returns false if the next request has to wait. */
  #goesOn(): boolean {
    if (this.#isPaused || this.#isRunning) return false;
    const request = this.#intake.first as Request | ProtocolError;
    this.state.user.limits.look();
    const command = request instanceof ProtocolError ? breakOff(request) : commandOf(request, this.state);
    if (this.door.clients.pause.isOn && isHeld(command, this, () => this.#work())) return false;
    if (!isAlone(command)) {
      if (this.#output.isLaden) return false;
      this.#sendData(command);
      return true;
    }
    if (!this.#output.isIdle) return false;
    if (this.connection.hasRoomForPart()) this.#run(command, takeRow(command, this.#intake, this));
    else {
      this.#replyStart = this.out.writtenBytes;
      this.#finishLater(this.connection.roomForPart());
    }
    return true;
  }

  /**
   * Sends the data commands that follow each other, from `command` on, as one message to the pipeline. The commands
   * among them that change the session alone are done here.
   */
  #sendData(command: DataCommand | string): void {
    const operations: DecodedOperation[] = [];
    const intake = this.#intake;
    const first = intake.place;
    let keptBytes = 0;
    const goesOneByOne = this.door.clients.pause.isOn;
    const { calls, replies } = this.state;
    calls.begin(intake.together, first);
    let answersNow = this.#output.isIdle && canAnswerNow(this, command, intake);
    let found: Command | string = command;
    while (!isAlone(found)) {
      calls.send(found, intake.first as Request);
      answersNow &&= answerNow(found, intake.first as Request, this);
      if (!answersNow) {
        const sent = ask(found, intake.first as Request, this);
        this.#output.expect(replies.takesSilence() ? silent(sent) : sent);
        if (!isKnown(sent)) {
          operations.push(sent.operation);
          keptBytes += sent.keptBytes ?? 0;
        }
      }
      intake.advance();
      const next = intake.first;
      if (next === undefined || next instanceof ProtocolError || goesOneByOne) break;
      found = commandOf(next, this.state);
    }
    if (typeof found === 'object' && !isAlone(found)) this.state.activity.newest = found;
    calls.end(intake.place - first);
    if (this.node.tap.isOpen) showRequests(this, intake.together.slice(first, intake.place) as Request[]);
    this.state.user.limits.count(intake, first);
    if (operations.length === 0) return answersNow ? calls.answered() : this.#output.settle();
    const length = intake.bytesSince(first) + keptBytes;
    this.#deliver({ length, operations, guarantees: this.state.guarantees });
  }

  // ---- commands that run alone ------------------------------------------------------

  #run(command: SessionCommand, row: readonly Request[]): void {
    const [request] = row as [Request];
    this.state.replies.isSilent = this.state.replies.takesSilence();
    this.#replyStart = this.out.writtenBytes;
    this.state.beginAlone(command, row, this.door.table.entryOf(command));
    if (this.node.tap.isOpen && Array.isArray(request)) showRequests(this, row);
    try {
      const running = row.length > 1 ? command.runRow?.(this, row) : command.run(this, request);
      if (running) this.#finishLater(running);
    } catch (failure) {
      this.#refuse(failure);
    }
    if (!this.#isRunning) this.#ran();
  }

  #finishLater(running: Promise<void>): void {
    this.#isRunning = true;
    this.connection.gather();
    this.connection.flush();
    running
      .catch((failure) => this.#refuse(failure))
      .finally(() => {
        this.#ran();
        this.#isRunning = false;
        this.connection.pushHeld();
        this.#work();
      });
  }

  /** Notes the end of a command that ran alone. */
  #ran(): void {
    if (this.state.replies.isSilent) this.#unsent.take();
    this.state.replies.isSilent = false;
    this.state.calls.endAlone();
  }

  #refuse(failure: unknown): void {
    // Behind a part of a reply, the client would take the error for another part.
    if (this.#hasBegunReply) this.#fail(failure);
    else this.out.error(sentenceOfFailure(failure, this.connection.call.report));
  }

  get #hasBegunReply(): boolean {
    return this.out.writtenBytes > this.#replyStart;
  }

  // ---- the pipeline --------------------------------------------------------------------

  async #runPipeline(): Promise<void> {
    const { connection, node } = this;
    try {
      const forwarding = forwardingOf(this);
      const surroundings = { clock: node.clock, tap: NO_TAP };
      await runPipeline(this.#stream(), forwarding ?? node.writes, (forwarding ?? node).guarantees, surroundings);
    } catch (failure) {
      connection.call.report(failure);
    }
    this.close();
    if (!this.#isRunning) connection.finish();
  }

  #stream(): PipelineStream<Commands> {
    const { connection } = this;
    return {
      call: connection.call,
      share: connection.share,
      sending: connection.sending,
      receive: (onMessage, onEnd) => {
        this.#deliver = onMessage;
        this.#endInput = onEnd;
      },
      ...TAKES_ALL,
      guard: () => this.state.user.grant.guardFor(this.peer),
      pause: () => {
        this.#isPaused = true;
      },
      resume: () => {
        if (!this.#isPaused) return;
        this.#isPaused = false;
        this.#work();
      },
      output: (onDrained) => {
        const fail = (failure: unknown) => this.#fail(failure);
        const onIdle = () => {
          this.state.transaction.settle();
          if (!this.#intake.isEmpty || this.#hasEnded || this.#isClosing) this.#work();
          else this.#answered();
        };
        const flush = () => {
          this.#answered();
          return this.connection.flush();
        };
        this.#output = new ReplyOutput({ ...outputConnectionOf(this), flush, fail, onIdle }, onDrained);
        return this.#output;
      },
    };
  }

  /** Requests were answered, so their memory is free. */
  #answered(): void {
    if (this.#intake.hasLarge && !this.#isWorking) this.#updateReading();
  }
}

/** The user of a new connection. */
function userOf(session: Session): SessionUser {
  const { socket, call } = session.connection;
  const user = new SessionUser(session.node.access, {
    peer: call.peer,
    names: peerOf(socket)?.names ?? [],
    isListening: () => session.state.listener !== undefined,
    stopListening: () => session.state.listener?.leave(),
    close: () => session.close(),
    drop: () => session.drop(),
    countFor: (usage) => {
      session.connection.sending.usage = usage;
    },
    signedIn: () => signedIn(socket),
  });
  socket.once('close', () => user.leave());
  return user;
}

/** Tells whether a pause holds the command back. `goOn` runs when the pause is over. */
function isHeld(command: Command | string, session: Session, goOn: () => void): boolean {
  const { clients, table } = session.door;
  if (typeof command === 'string' || !clients.pause.holds(table.entryOf(command), session.state)) return false;
  clients.pause.hold(session, goOn);
  return true;
}

/** The connection as its replies need it, without the events that are the session's own. */
function outputConnectionOf({ connection, state }: Session): Omit<OutputConnection, 'flush' | 'fail' | 'onIdle'> {
  return {
    out: connection.out,
    answered: () => state.calls.answered(),
    drained: () => state.calls.slow.waits.whileUnread(connection.sending.drained()),
    guaranteed: (ms) => state.calls.slow.waits.guaranteed(ms),
    saw: (position, { writes }) => {
      state.seen = position;
      if (writes) state.written = position;
    },
  };
}

/** The store of a session whose node forwards writes while it follows. */
function forwardingOf({ node, state, connection }: Session): ForwardedWrites | undefined {
  const { signal } = connection.call;
  return (
    node.relay &&
    new ForwardedWrites(node, node.relay, {
      signal,
      durability: () => state.guarantees?.durability,
      authorization: () => state.user.authorization,
    })
  );
}

/** A break of the protocol ends the connection, behind the replies to all that came before. */
function breakOff(error: ProtocolError): SessionCommand {
  return {
    run: (session) => {
      session.out.error(`ERR ${error.message}`);
      session.close();
    },
  };
}

/** @returns the sentence of the refusal if the command is one, or if the arguments are not those of the command. */
function ask(
  command: DataCommand | string,
  request: Request,
  session: Session,
): ReturnType<DataCommand['ask']> | string {
  if (typeof command === 'string') {
    session.state.user.refusedBy(command, request);
    return command;
  }
  try {
    return command.ask(request, session);
  } catch (failure) {
    return sentenceOfFailure(failure, session.connection.call.report);
  }
}

/**
 * The limits of the node, and the user, may change while the session runs. Getters of a class, because the parser reads
 * them for each request, and an object with getters of its own would have another shape in each session.
 */
class SessionLimits implements RequestLimits {
  readonly #limits: Limits;
  readonly #state: SessionState;

  constructor(limits: Limits, state: SessionState) {
    this.#limits = limits;
    this.#state = state;
  }

  get argumentBytesMax(): number {
    if (this.#state.user.grant.bits === 0) return UNSIGNED_ARGUMENT_BYTES_MAX;
    return Math.max(this.#limits.keyBytesMax, this.#limits.valueBytesMax);
  }

  get requestBytesMax(): number {
    return this.#state.user.grant.bits === 0 ? UNSIGNED_REQUEST_BYTES_MAX : 2 * this.#limits.transactionBytesMax;
  }
}
