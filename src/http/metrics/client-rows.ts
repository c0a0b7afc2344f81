/** Metrics of the clients: their connections, their calls and commands, their streams, and the memory of the node. */
import type { MetricFacts } from '../facts.js';
import { counter, counters, gauge, gauges, histograms, type Labelled, type MetricRow } from './row.js';

/** The names that other gRPC servers use, so that their dashboards show this one too. */
const METHOD = ['grpc_type', 'grpc_service', 'grpc_method'];

type Method = MetricFacts['rpc']['methods'][number];

export const CLIENT_ROWS: readonly MetricRow[] = [
  gauges('headwater_connections', 'open connections', ['door'], ({ status, http }) => [
    [['grpc'], status.connections?.grpc],
    [['redis'], status.connections?.redis],
    [['silent'], status.connections?.silent],
    [['http'], http.connections],
  ]),
  counters('headwater_connections_refused_total', 'connections that found no place', ['door'], ({ status, http }) => [
    [['grpc'], status.connections?.refusedGrpc],
    [['redis'], status.connections?.refusedRedis],
    [['silent'], status.connections?.refusedSilent],
    [['http'], http.counts.displaced],
  ]),
  counters(
    'headwater_user_limit_refusals_total',
    'messages and connections that a limit of their user has refused',
    ['limit'],
    ({ refusedByLimits: { operationsPerSecond, bytesPerSecond, maxConnections } }) => [
      [['operations'], operationsPerSecond.count],
      [['bytes'], bytesPerSecond.count],
      [['connections'], maxConnections.count],
    ],
  ),
  gauge('headwater_connections_max', 'most connections of clients, if there is a bound', ({ status }) => {
    return status.connections?.clientsMax;
  }),
  counters('grpc_server_started_total', 'calls that began', METHOD, ({ rpc }) => {
    return rpc.methods.map((method) => [labels(method), method.started]);
  }),
  counters('grpc_server_handled_total', 'calls that ended', [...METHOD, 'grpc_code'], ({ rpc }) => {
    return rpc.methods.flatMap((method) =>
      method.codes.map(([code, calls]): Labelled<number> => [[...labels(method), code], calls]),
    );
  }),
  histograms('grpc_server_handling_seconds', 'time from the begin to the end of a call', METHOD, ({ rpc }) => {
    return rpc.methods.map((method) => [labels(method), method.seconds]);
  }),
  counters('headwater_pipeline_operations_total', 'operations in pipelines over gRPC', ['kind'], ({ rpc }) => {
    return counts(rpc.operations?.kinds);
  }),
  counters(
    'headwater_pipeline_errors_total',
    'operations in pipelines that were answered with an error',
    ['code'],
    ({ rpc }) => {
      return counts(rpc.operations?.errors);
    },
  ),
  counter('headwater_redis_connections_total', 'connections of Redis clients', ({ redis }) => redis.counts.connections),
  counter('headwater_redis_commands_total', 'commands of Redis clients', ({ redis }) => redis.counts.commands),
  counters(
    'headwater_redis_calls_total',
    'calls of each command of Redis clients',
    ['command', 'outcome'],
    ({ redis }) => {
      return redis.counts.calls.named.flatMap(
        ([name, { calls, failed, rejected }]): Array<Labelled<number>> => [
          [[name, 'ok'], calls - failed],
          [[name, 'failed'], failed],
          [[name, 'rejected'], rejected],
        ],
      );
    },
  ),
  counters('headwater_redis_call_seconds_total', 'time that those calls took', ['command'], ({ redis }) => {
    return redis.counts.calls.named.map(([name, { microseconds }]) => [[name], microseconds / 1e6]);
  }),
  counters('headwater_redis_errors_total', 'replies that were errors, by their first word', ['error'], ({ redis }) => {
    return errors(redis.counts.errors);
  }),
  counter(
    'headwater_slow_commands_total',
    'commands that the slow log has recorded',
    ({ slowCommands }) => slowCommands,
  ),
  counter('headwater_redis_received_bytes_total', 'bytes from Redis clients', ({ redis }) => redis.counts.bytes.read),
  counter('headwater_redis_sent_bytes_total', 'bytes to Redis clients', ({ redis }) => redis.counts.bytes.written),
  gauges(
    'headwater_subscribers',
    'open subscriptions over gRPC, and Redis clients that subscribe',
    ['door'],
    ({ status }) => [
      [['grpc'], status.subscribers],
      [['redis'], status.redis?.subscribers],
    ],
  ),
  gauge('headwater_watchers', 'open watches', ({ status }) => status.watchers),
  counter('headwater_published_messages_total', 'messages published through this node', ({ status }) => {
    return status.publishedMessages;
  }),
  counter('headwater_missed_messages_total', 'messages that subscribers were too slow for', ({ status }) => {
    return status.missedMessages;
  }),
  counter('headwater_watch_snapshots_total', 'watches that began again with a snapshot', ({ status }) => {
    return status.watchSnapshots;
  }),
  counter(
    'headwater_redis_slow_closed_total',
    'subscribers and monitors closed because they read too slowly',
    ({ status }) => {
      return status.redis?.slowClosed;
    },
  ),
  counter(
    'headwater_redis_stream_breaks_total',
    'times that messages to Redis clients may have been missed uncounted',
    ({ status }) => {
      return status.redis?.streamBreaks;
    },
  ),
  gauges('headwater_memory_bytes', 'memory of the parts of the node that it counts', ['part'], memory),
  gauge(
    'headwater_request_memory_max_bytes',
    'bound on the requests of clients that are received and not answered',
    ({ requestBytesMax }) => requestBytesMax,
  ),
  counters('headwater_http_requests_total', 'requests to this port', ['page', 'code'], ({ http }) => {
    return http.counts.rows.map(({ page, status, count }) => [[page, status], count]);
  }),
];

function counts(rows: ReadonlyMap<string, number> = new Map()): Array<Labelled<number>> {
  return Array.from(rows, ([name, count]) => [[name], count]);
}

/** A word that is no code of Redis is not shown, so that no part of a message becomes a label. */
function errors(counts: ReadonlyMap<string, number>): Array<Labelled<number>> {
  const codes = new Map<string, number>();
  for (const [word, count] of counts) {
    const code = /^[A-Z]{1,24}$/.test(word) ? word : 'other';
    codes.set(code, (codes.get(code) ?? 0) + count);
  }
  return [...codes].map(([code, count]) => [[code], count]);
}

function labels({ type, service, method }: Method): string[] {
  return [type, service, method];
}

function memory({ store, rpc, redis, replyBytes }: MetricFacts): Array<Labelled<number | undefined>> {
  return [
    [['overlay'], store.overlayBytes],
    [['written_layer'], store.writtenLayerBytes],
    [['read_cache'], store.readCacheBytes],
    [['key_prints'], store.keyPrintsBytes],
    [['write_queue'], store.queuedBytes],
    [['grpc_requests'], rpc.requestBytes],
    [['redis_requests'], redis.requestBytes],
    [['client_replies'], replyBytes],
    [['node_replies'], rpc.nodeReplyBytes],
    ...store.databases.map(({ name, memoryBytes }): Labelled<number | undefined> => [[`leveldb_${name}`], memoryBytes]),
  ];
}
