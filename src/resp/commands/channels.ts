/** Commands about channels: subscribing, publishing, and looking at the subscriptions. */
import type { Channels } from '../channels/channels.js';
import type { Listener, SubscriptionKind } from '../channels/listener.js';
import { listenerOf } from '../channels/listening.js';
import { published, publishedInRow } from '../channels/publishing.js';
import { channelGlob, type Topics } from '../channels/topics.js';
import type { Request } from '../codec/request-parser.js';
import type { CommandFamily, CommandSession, SessionCommand } from '../command.js';
import { writeArray } from '../replies/answers.js';
import { type HelpEntry, writeHelp } from '../replies/help.js';
import { Refusal, wrongUse } from '../replies/refusal.js';

const HELP: readonly HelpEntry[] = [
  ['CHANNELS [<pattern>]', "Return the currently active channels matching a <pattern> (default: '*')."],
  ['NUMPAT', 'Return number of subscriptions to patterns.'],
  [
    'NUMSUB [<channel> ...]',
    'Return the number of subscribers for the specified channels, excluding',
    'pattern subscriptions(default: no channels).',
  ],
  [
    'SHARDCHANNELS [<pattern>]',
    "Return the currently active shard level channels matching a <pattern> (default: '*').",
  ],
  ['SHARDNUMSUB [<shardchannel> ...]', 'Return the number of subscribers for the specified shard level channel(s)'],
];

export const channelCommands: CommandFamily = {
  subscribe: subscribing('subscribe', 'channels'),
  psubscribe: subscribing('psubscribe', 'patterns'),
  ssubscribe: subscribing('ssubscribe', 'shardChannels'),
  unsubscribe: unsubscribing('unsubscribe', 'channels'),
  punsubscribe: unsubscribing('punsubscribe', 'patterns'),
  sunsubscribe: unsubscribing('sunsubscribe', 'shardChannels'),

  publish: publishing('channels'),
  spublish: publishing('shardChannels'),

  'pubsub|channels': { run: (session, request) => names(session, 'channels', request) },
  'pubsub|shardchannels': { run: (session, request) => names(session, 'shardChannels', request) },
  'pubsub|numsub': { run: (session, request) => numbers(session, 'channels', request) },
  'pubsub|shardnumsub': { run: (session, request) => numbers(session, 'shardChannels', request) },
  'pubsub|numpat': { run: ({ out, node }) => out.integer(node.channels.topics.patterns.size) },
  'pubsub|help': { run: ({ out }) => writeHelp(out, 'PUBSUB', HELP) },
};

function publishing(kind: 'channels' | 'shardChannels'): SessionCommand {
  return {
    run: (session, request) => published(session, kind, request),
    runRow: (session, requests) => publishedInRow(session, kind, requests),
  };
}

// ---- subscriptions ------------------------------------------------------------------

function subscribing(word: string, kind: SubscriptionKind): SessionCommand {
  return {
    run: (session, request) => {
      const { channels } = session.node;
      const waits = channels.ready();
      // The names are views of received bytes.
      const all = request.slice(1).map((name) => (waits ? Buffer.from(name) : name));
      const subscribe = () => {
        const listener = listenerOf(session);
        const counts = subscribeToAll(channels, kind, all, listener);
        for (const [i, name] of all.entries()) confirm(session, word, name, counts[i] as number);
      };
      return waits ? waits.then(subscribe) : subscribe();
    },
  };
}

/**
 * Subscribes to all names, or to none if one is refused. So a refusal never stands behind a confirmation.
 * @returns the number of subscriptions behind each name.
 */
function subscribeToAll(
  channels: Channels,
  kind: SubscriptionKind,
  names: readonly Buffer[],
  listener: Listener,
): number[] {
  const added: Buffer[] = [];
  try {
    return names.map((name) => {
      if (channels.subscribe(kind, name, listener)) added.push(name);
      return listener.count(kind);
    });
  } catch (failure) {
    for (const name of added) channels.unsubscribe(kind, name, listener);
    throw failure;
  }
}

function unsubscribing(word: string, kind: SubscriptionKind): SessionCommand {
  return {
    run: (session, request) => {
      const { listener } = session.state;
      const all = [...(listener?.[kind] ?? [])].map(({ name }) => name);
      const left = request.length > 1 ? request.slice(1) : all;
      if (left.length === 0) confirm(session, word, undefined, listener?.count(kind) ?? 0);
      for (const name of left) {
        if (listener) session.node.channels.unsubscribe(kind, name, listener);
        confirm(session, word, name, listener?.count(kind) ?? 0);
      }
    },
  };
}

/** A confirmation is a message, which a client gets that wants no replies too. */
function confirm(session: CommandSession, word: string, name: Buffer | undefined, count: number): void {
  session.state.replies.isSilent = false;
  const { out } = session;
  out.begin('push', 3);
  out.bulk(word);
  if (name) out.bulk(name);
  else out.null();
  out.integer(count);
}

// ---- looking ------------------------------------------------------------------------

function names({ out, node }: CommandSession, kind: 'channels' | 'shardChannels', request: Request): void {
  if (request.length > 3) throw new Refusal(wrongUse('pubsub', request[1] as Buffer));
  const topics: Topics = node.channels.topics[kind];
  const glob = request[2] && channelGlob(request[2]);
  const all = [...topics.all].map(({ name }) => name);
  writeArray(out, glob ? all.filter((name) => glob.matches(name)) : all);
}

function numbers({ out, node }: CommandSession, kind: 'channels' | 'shardChannels', request: Request): void {
  const asked = request.slice(2);
  out.begin('array', asked.length * 2);
  for (const name of asked) {
    out.bulk(name);
    out.integer(node.channels.topics[kind].of(name)?.listeners.size ?? 0);
  }
}
