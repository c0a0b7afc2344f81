/** A pipeline over a gRPC stream: the messages of the protocol on one side, operations and replies on the other. */

import type { NodeGuarantees } from '../pipeline/node-guarantees.js';
import {
  type PipelineStore,
  type PipelineStream,
  type PipelineSurroundings,
  runPipeline,
} from '../pipeline/pipeline.js';
import type { SlowLog } from '../pipeline/slow-log.js';
import { type DecodedOperation, decodePipelineRequest } from '../protobuf/pipeline.js';
import type { Call, CallMemory } from './calls.js';
import type { DuplexCall } from './handler.js';
import type { OperationCounts } from './operation-counts.js';
import { type NodeTracing, OperationSpans } from './operation-spans.js';
import { ReplyOutput } from './reply-output.js';
import { SlowOperations } from './slow-operations.js';

/** The methods that a pipeline needs of its gRPC stream. */
export interface GrpcStream
  extends Pick<
    DuplexCall<Buffer, Buffer>,
    'receive' | 'onRefused' | 'taken' | 'pause' | 'resume' | 'write' | 'drained' | 'sending'
  > {
  readonly call: Pick<Call, 'peer' | 'signal' | 'onCancelled' | 'onStopping' | 'report'> & {
    readonly intake: Pick<CallMemory, 'share' | 'place' | 'grant' | 'usage' | 'inHand'>;
  };
}

/** The counts and spans of the operations in pipelines. */
export interface PipelineNotes {
  readonly counts: OperationCounts;
  readonly slowLog: SlowLog;
  /** Undefined on a node that does not trace. */
  readonly tracing?: NodeTracing | undefined;
}

/** Resolves when the stream has ended well, and rejects with the reason of its end otherwise. */
export function servePipeline(
  stream: GrpcStream,
  store: PipelineStore,
  guarantees: NodeGuarantees,
  surroundings: PipelineSurroundings & PipelineNotes,
): Promise<void> {
  const { call } = stream;
  const { counts } = surroundings;
  const slow = new SlowOperations(surroundings.slowLog, call);
  const spans = surroundings.tracing && new OperationSpans(surroundings.tracing);
  const { place, grant, usage } = call.intake;
  const guard = grant?.guardFor(call.peer);
  const adapted: PipelineStream<Buffer> = {
    call,
    share: call.intake.share,
    sending: stream.sending,
    receive: (onMessage, onEnd) => stream.receive(onMessage, onEnd),
    decode: (message) => {
      const request = decodePipelineRequest(message, spans !== undefined);
      counts.asked(request.operations);
      slow.asked(request.operations);
      spans?.asked(request);
      return request;
    },
    refusal: (operations, bytes) => {
      const refusal = place?.claim();
      return refusal ?? (usage?.isMetered ? usage.take(weightOfAll(operations), bytes) : undefined);
    },
    guard: () => guard,
    onRefused: (task) => stream.onRefused(task),
    taken: () => stream.taken(),
    inHand: (bytes) => call.intake.inHand?.(bytes),
    pause: () => stream.pause(),
    resume: () => stream.resume(),
    output: (onDrained) => new ReplyOutput(stream, { counts, slow, spans }, onDrained),
  };
  const ended = runPipeline(adapted, store, guarantees, surroundings);
  return spans ? ended.finally(() => spans.close()) : ended;
}

/** The operations of a message as the limits of a user count them: a transaction counts as its operations. */
function weightOfAll(operations: readonly DecodedOperation[]): number {
  let weight = 0;
  for (const operation of operations)
    weight += operation.kind === 'transact' ? Math.max(1, operation.operations.length) : 1;
  return weight;
}
