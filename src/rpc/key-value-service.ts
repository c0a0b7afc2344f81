/**
 * KeyValueService: a unary call for each kind of operation, all through one function, the pipeline, and the calls that
 * read the whole keyspace.
 */

import { type Clock, systemClock } from '../base/clock.js';
import { HeadwaterError } from '../base/errors.js';
import { QUEUE_WAIT_MS_MAX, REPLY_MESSAGE_BYTES_TARGET } from '../base/limits.js';
import { typeName } from '../commands/entry.js';
import { sizeOf, validate } from '../commands/execute.js';
import { compileGlob } from '../commands/glob.js';
import type { Asking, Assured } from '../model/guarantees.js';
import type { Operation, Reply } from '../model/operation.js';
import { boundedReply, payloadBytes, replyBytesAtMost } from '../model/reply-size.js';
import type { KeysRequest, ScannedRecord, ScanRequest, ScanResponse } from '../model/scan.js';
import { hasChangedNothing, isWrite } from '../model/write-kinds.js';
import { type KeyspaceStore, matchingEntries, randomKey } from '../pipeline/frozen-range.js';
import { type CommandTap, NO_TAP } from '../pipeline/monitors.js';
import type { NodeGuarantees } from '../pipeline/node-guarantees.js';
import type { PipelineStore } from '../pipeline/pipeline.js';
import { QueueRoom } from '../pipeline/room.js';
import { noSlowLog, type SlowLog } from '../pipeline/slow-log.js';
import type { Call } from './calls.js';
import {
  DATABASE_SIZE,
  KEY_VALUE_SERVICE,
  KEYS,
  OPERATION_METHODS,
  PIPELINE,
  RANDOM_KEY,
  SCAN,
} from './definitions.js';
import { admit, assure } from './guarantees.js';
import { duplex, type Endpoint, serverStream, unary } from './handler.js';
import { OperationCounts } from './operation-counts.js';
import type { NodeTracing } from './operation-spans.js';
import { servePipeline } from './pipeline-stream.js';
import type { Service } from './server.js';
import { timed, timedStream } from './slow-operations.js';

/** The parts of the store that calls need. */
export interface KeyValueStore extends KeyspaceStore {
  readonly writes: PipelineStore;
}

interface KeyValueOptions {
  readonly clock?: Clock | undefined;
  readonly tap?: CommandTap;
  readonly slowLog?: SlowLog;
  /** Undefined on a node that does not trace. */
  readonly tracing?: NodeTracing | undefined;
}

export function keyValueService(
  store: KeyValueStore,
  guarantees: NodeGuarantees,
  { clock = systemClock, tap = NO_TAP, slowLog = noSlowLog(clock), tracing }: KeyValueOptions = {},
): Service {
  const room = new QueueRoom(store.writes);
  const counts = new OperationCounts();
  const operations = [...OPERATION_METHODS.values()].map((method) =>
    unary(method, (operation, call) => {
      if (tap.isOpen) tap.saw(call, [operation]);
      return ask({ store: store.writes, room, guarantees, slowLog, tracing }, operation, call);
    }),
  );
  const others: Endpoint[] = [
    duplex(PIPELINE, (stream) =>
      servePipeline(stream, store.writes, guarantees, { clock, tap, counts, slowLog, tracing }),
    ),
    unary(DATABASE_SIZE, async ({ guarantees: inMessage }, call) => {
      if (tap.isOpen) tap.saw(call, [{ kind: 'databaseSize' }]);
      allow(call.intake.grant?.refusalOfRange(NO_PREFIX, 'databaseSize'));
      await admit(guarantees, call, { writes: false, inMessage });
      return timed(slowLog, { kind: 'databaseSize' }, call, () => store.snapshots.size());
    }),
    unary(RANDOM_KEY, async ({ guarantees: inMessage }, call) => {
      if (tap.isOpen) tap.saw(call, [{ kind: 'randomKey' }]);
      allow(call.intake.grant?.refusalOfRange(NO_PREFIX, 'randomKey'));
      await admit(guarantees, call, { writes: false, inMessage });
      return timed(slowLog, { kind: 'randomKey' }, call, () => randomKey(store));
    }),
    serverStream(KEYS, async function* ({ guarantees: inMessage, ...request }, call) {
      if (tap.isOpen) tap.saw(call, [monitored('keys', request)]);
      allow(call.intake.grant?.refusalOfRange(compileGlob(request.pattern).prefix, 'keys'));
      await admit(guarantees, call, { writes: false, inMessage });
      yield* timedStream(slowLog, monitored('keys', request), call, keys(store, request));
    }),
    serverStream(SCAN, async function* ({ guarantees: inMessage, ...request }, call) {
      if (tap.isOpen) tap.saw(call, [monitored('scan', request)]);
      allow(call.intake.grant?.refusalOfRange(compileGlob(request.pattern).prefix, 'scan'));
      await admit(guarantees, call, { writes: false, inMessage });
      yield* timedStream(slowLog, monitored('scan', request), call, scan(store, request));
    }),
  ];
  return { name: KEY_VALUE_SERVICE, endpoints: [...operations, ...others], isForClients: true, counts };
}

/** @param denied why the user may not do this. Undefined if it may. */
function allow(denied: HeadwaterError | undefined): void {
  if (denied) throw denied;
}

/** The parts of a node that a call of one operation needs. */
interface Surroundings extends Pick<KeyValueOptions, 'tracing'> {
  readonly slowLog: SlowLog;
  readonly store: PipelineStore;
  readonly room: QueueRoom;
  readonly guarantees: NodeGuarantees;
}

async function ask(
  { store, room, guarantees, slowLog, tracing }: Surroundings,
  operation: Operation & Asking,
  call: Call,
): Promise<Reply & Assured> {
  allow(call.intake.grant?.refusalOfOperation(operation));
  validate(operation, store.limits);
  const bytes = sizeOf(operation);
  const writes = isWrite(operation);
  const asked = await admit(guarantees, call, { writes, inMessage: operation.guarantees });
  const { replies, position } = await timed(slowLog, operation, call, async () => {
    if (writes) await room.for(bytes, call);
    const replyBytes = replyBytesAtMost(operation, store.limits.valueBytesMax);
    if (replyBytes > 0) await memoryForReply(replyBytes, call);
    // The memory of the request counts until the answer.
    return store.submit([operation], { bytes, ordered: false });
  });
  const reply = boundedReply(replies[0] as Reply);
  call.intake.share?.replied(payloadBytes(reply));
  if (reply.kind === 'error') throw reply.error;
  const traceparent = tracing && writes && !hasChangedNothing(reply) ? call.intake.caller?.traceparent : undefined;
  if (traceparent) tracing?.writes.appended(position.offset, traceparent);
  const assurance = await assure(guarantees, call, asked, { position, writes });
  return operation.guarantees ? { ...reply, assurance } : reply;
}

/**
 * Takes memory for the largest possible reply, since the size is known only when the reply is made. Small replies need
 * no check.
 * @throws HeadwaterError `overloaded`, or the reason why the call has ended.
 */
async function memoryForReply(bytes: number, call: Call): Promise<void> {
  const { share } = call.intake;
  if (!share) return;
  if (share.hasRoom(bytes)) return share.making(bytes);
  const signal = AbortSignal.any([call.signal, AbortSignal.timeout(QUEUE_WAIT_MS_MAX)]);
  await share.whenRoom(bytes, signal);
  if (call.cancelled) throw call.cancelled;
  if (share.bytes === 0)
    throw new HeadwaterError(
      'overloaded',
      `the command was refused: unread replies filled the memory for replies for ${QUEUE_WAIT_MS_MAX} ms. Try again later`,
    );
}

/** A request as monitors show it: without the fields that say nothing. */
function monitored(kind: 'keys' | 'scan', request: KeysRequest) {
  const { start, limit } = request;
  return { kind, ...request, start: start.length > 0 ? start : undefined, limit: limit || undefined };
}

async function* keys(store: KeyValueStore, request: KeysRequest): AsyncGenerator<Buffer[]> {
  let message: Buffer[] = [];
  let bytes = 0;
  for await (const { chunk } of matchingEntries(store, { ...request, keysOnly: true })) {
    for (const [key] of chunk) {
      message.push(key);
      bytes += key.length;
      if (bytes < REPLY_MESSAGE_BYTES_TARGET) continue;
      yield message;
      message = [];
      bytes = 0;
    }
  }
  if (message.length > 0) yield message;
}

/** Yields at least one message, which has the offset of the snapshot. */
async function* scan(store: KeyValueStore, request: ScanRequest): AsyncGenerator<ScanResponse> {
  const { keysOnly } = request;
  let records: ScannedRecord[] = [];
  let bytes = 0;
  let offset = 0;
  for await (const { chunk, offset: ofSnapshot } of matchingEntries(store, request)) {
    offset = ofSnapshot;
    for (const [key, { value, type, expiresAtMs, version }] of chunk) {
      records.push({ key, value: keysOnly ? NO_VALUE : value, type: typeName(type), expiresAtMs, version });
      bytes += key.length + (keysOnly ? 0 : value.length);
      if (bytes < REPLY_MESSAGE_BYTES_TARGET) continue;
      yield { records, offset };
      records = [];
      bytes = 0;
    }
  }
  yield { records, offset };
}

const NO_VALUE = Buffer.alloc(0);
/** All keys begin with it. */
const NO_PREFIX = Buffer.alloc(0);
