/**
 * StreamService: publishing, and the streams without an end. A stop ends these streams with `shutting_down`, so that
 * their clients continue at another node.
 */
import type { HeadwaterError } from '../base/errors.js';
import { compileGlob } from '../commands/glob.js';
import type {
  PublishRequest,
  SubscribeRequest,
  SubscriptionEvent,
  Told,
  WatchEvent,
  WatchRequest,
} from '../model/streams.js';
import { type CommandTap, NO_TAP } from '../pipeline/monitors.js';
import { type Queue, QueueRoom } from '../pipeline/room.js';
import { noSlowLog, type SlowLog } from '../pipeline/slow-log.js';
import { endOf } from './calls.js';
import { PUBLISH, STREAM_SERVICE, SUBSCRIBE, WATCH } from './definitions.js';
import { serverStream, unary } from './handler.js';
import type { Service } from './server.js';
import { timed } from './slow-operations.js';

export interface StreamDoor {
  subscribe(request: SubscribeRequest, signal: AbortSignal): AsyncIterable<Told<SubscriptionEvent>>;
  watch(request: WatchRequest, signal: AbortSignal): AsyncIterable<Told<WatchEvent>>;
}

export interface Publisher {
  /** Resolves with the offset that the message has, or follows. */
  publish(message: PublishRequest): Promise<number>;
}

export function streamService(
  streams: StreamDoor,
  publisher: Publisher,
  queue: Queue,
  tap: CommandTap = NO_TAP,
  slowLog: SlowLog = noSlowLog(),
): Service {
  const room = new QueueRoom(queue);
  return {
    name: STREAM_SERVICE,
    isForClients: true,
    endpoints: [
      unary(PUBLISH, async (request, call) => {
        if (tap.isOpen) tap.saw(call, [{ kind: 'publish', ...request }]);
        allow(call.intake.grant?.refusalOfChannel(request.channel, 'publish'));
        await room.for(request.channel.length + request.data.length, call);
        const asked = { kind: 'publish', ...request };
        const published = timed(slowLog, asked, call, () => publisher.publish(request));
        // The queue of messages counts the request from here on.
        call.intake.taken();
        return published;
      }),
      serverStream(SUBSCRIBE, (request, call) => {
        if (tap.isOpen) tap.saw(call, [{ kind: 'subscribe', ...request }]);
        for (const channel of request.channels) allow(call.intake.grant?.refusalOfChannel(channel, 'subscribe'));
        for (const pattern of request.patterns)
          allow(call.intake.grant?.refusalOfChannel(compileGlob(pattern).prefix, 'subscribe'));
        return streams.subscribe(request, endOf(call));
      }),
      serverStream(WATCH, (request, call) => {
        if (tap.isOpen) tap.saw(call, [{ kind: 'watch', ...request }]);
        allow(call.intake.grant?.refusalOfRange(request.prefix, 'watch'));
        return streams.watch(request, endOf(call));
      }),
    ],
  };
}

/** @param denied why the user may not do this. Undefined if it may. */
function allow(denied: HeadwaterError | undefined): void {
  if (denied) throw denied;
}
