/**
 * StreamService: publishing, and the streams without an end. A stop ends those
 * with `shutting_down`, so that their clients go on at another node.
 */
import { HeadwaterError, shuttingDown } from '../errors.js';
import { QUEUE_WAIT_MS_MAX, TOTAL_QUEUE_BYTES_MAX } from '../limits.js';
import type {
  PublishRequest,
  SubscribeRequest,
  SubscriptionEvent,
  Told,
  WatchEvent,
  WatchRequest,
} from '../wire/streams.js';
import type { Call } from './calls.js';
import { PUBLISH, STREAM_SERVICE, SUBSCRIBE, WATCH } from './definitions.js';
import { serverStream, unary } from './handler.js';
import type { Service } from './server.js';

export interface StreamDoor {
  subscribe(request: SubscribeRequest, signal: AbortSignal): AsyncIterable<Told<SubscriptionEvent>>;
  watch(request: WatchRequest, signal: AbortSignal): AsyncIterable<Told<WatchEvent>>;
}

export interface Publisher {
  /** The offset that the message has, or follows. */
  publish(message: PublishRequest): Promise<number>;
}

/** Of the writer, which messages of a leader wait for as writes do. */
export interface Queue {
  readonly queuedBytes: number;
  whenQueueBelow(bytes: number, signal: AbortSignal): Promise<void>;
}

export function streamService(streams: StreamDoor, publisher: Publisher, queue: Queue): Service {
  return {
    name: STREAM_SERVICE,
    endpoints: [
      unary(PUBLISH, async (request, call) => {
        await roomInQueue(queue, request, call);
        return publisher.publish(request);
      }),
      serverStream(SUBSCRIBE, (request, call) => streams.subscribe(request, endOf(call))),
      serverStream(WATCH, (request, call) => streams.watch(request, endOf(call))),
    ],
  };
}

async function roomInQueue(queue: Queue, { channel, data }: PublishRequest, call: Call): Promise<void> {
  const room = Math.max(0, TOTAL_QUEUE_BYTES_MAX - channel.length - data.length);
  if (queue.queuedBytes <= room) return;
  await queue.whenQueueBelow(room, AbortSignal.any([call.signal, AbortSignal.timeout(QUEUE_WAIT_MS_MAX)]));
  if (call.cancelled) throw call.cancelled;
  if (queue.queuedBytes <= room) return;
  throw new HeadwaterError(
    'overloaded',
    `expected the queue to have room within ${QUEUE_WAIT_MS_MAX} ms, it stayed full; the message was not published`,
  );
}

/** Aborts when the client is gone, or the server stops. */
function endOf(call: Call): AbortSignal {
  const end = new AbortController();
  call.onCancelled(() => end.abort(call.cancelled));
  call.onStopping(() => end.abort(shuttingDown()));
  return end.signal;
}
