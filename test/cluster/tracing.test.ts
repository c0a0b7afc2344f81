/** Spans of OpenTelemetry from a client over the leader to its followers, with real processes that register receivers. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http2 from 'node:http2';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { context, SpanKind, trace } from '@opentelemetry/api';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { Client } from '../../src/index.js';
import { Cluster, caughtUp, type Daemon, eventually } from '../support/cluster.js';

interface Span {
  readonly name: string;
  readonly kind: SpanKind;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly status: { readonly code: number; readonly message?: string };
  readonly startTime: readonly [seconds: number, nanoseconds: number];
  readonly endTime: readonly [seconds: number, nanoseconds: number];
  readonly traceId: string;
  readonly spanId: string;
  readonly parent?: string;
}

const REGISTER = pathToFileURL(path.join(import.meta.dirname, '..', 'support', 'register-spans.mjs')).href;

describe('spans of OpenTelemetry', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'headwater-spans-'));
  const exporter = new InMemorySpanExporter();
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  let cluster: Cluster;
  let leader: Daemon;
  let follower: Daemon;
  let last: Daemon;

  async function start(name: string, ...flags: string[]): Promise<Daemon> {
    const node = await cluster.node(name);
    node.env = { NODE_OPTIONS: `--import ${REGISTER}`, HEADWATER_TEST_SPANS: path.join(directory, name) };
    await node.start(...flags);
    return node;
  }

  before(async () => {
    provider.register();
    cluster = new Cluster();
    leader = await start('leader', '--tracing');
    follower = await start('follower', '--tracing', '--follow', leader.address);
    last = await start('last', '--tracing', '--follow', follower.address);
    await (await leader.client()).set('first', 'one');
    await caughtUp(leader, last);
  });

  after(async () => {
    await cluster[Symbol.asyncDispose]();
    await provider.shutdown();
    trace.disable();
    context.disable();
    rmSync(directory, { recursive: true });
  });

  afterEach(() => exporter.reset());

  const spansOf = ({ name }: Daemon): Span[] => {
    const file = path.join(directory, name);
    if (!existsSync(file)) return [];
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    return lines.map((line) => JSON.parse(line) as Span);
  };
  const spanAt = (node: Daemon, name: string, parent: string | undefined): Promise<Span> =>
    eventually(`a span ${name} at ${node.name}`, async () =>
      spansOf(node).find((span) => span.name === name && span.parent === parent),
    );
  const msOf = ([seconds, nanoseconds]: Span['startTime']) => seconds * 1_000 + nanoseconds / 1e6;

  it('lead a write from the program over the leader to the last follower', async () => {
    await using client = await Client.connect(leader.address, { tracing: true });
    const tracer = trace.getTracer('test');
    await tracer.startActiveSpan('request', async (span) => {
      await Promise.all([client.set('a', '1'), client.get('a'), client.set('secret-key', 'secret-value')]);
      span.end();
    });
    const [set, get, other, request] = ['set', 'get', 'set', 'request'].map((name, i) => {
      const found = exporter.getFinishedSpans().filter((span) => span.name === name);
      return found[i === 2 ? 1 : 0];
    });
    assert(set && get && other && request);
    for (const span of [set, get, other]) {
      assert.equal(span.kind, SpanKind.CLIENT);
      assert.equal(span.parentSpanContext?.spanId, request.spanContext().spanId);
    }
    const served = await spanAt(leader, 'set', set.spanContext().spanId);
    assert.equal(served.kind, SpanKind.SERVER);
    assert.equal(served.traceId, request.spanContext().traceId);
    await spanAt(leader, 'get', get.spanContext().spanId);
    await spanAt(leader, 'set', other.spanContext().spanId);
    for (const node of [follower, last]) {
      const taken = await spanAt(node, 'replicate', served.spanId);
      assert.equal(taken.kind, SpanKind.CONSUMER);
      assert.equal(taken.traceId, served.traceId);
      assert(msOf(taken.endTime) >= msOf(taken.startTime));
      assert(
        msOf(taken.startTime) >= msOf(served.startTime),
        'the follower has the block after the leader has the write',
      );
    }
    const all = [leader, follower, last].map((node) => JSON.stringify(spansOf(node))).join('');
    assert.doesNotMatch(all, /secret/);
    assert.doesNotMatch(JSON.stringify(exporter.getFinishedSpans().map(({ attributes }) => attributes)), /secret/);
  });

  it('have the code of a failure, and none for what the node was not asked', async () => {
    await using client = await Client.connect(leader.address, { tracing: true });
    await client.set('text', 'x');
    const before = spansOf(leader).length;
    await assert.rejects(client.incr('text'));
    const [, failed] = exporter.getFinishedSpans();
    assert.equal(failed?.attributes['error.type'], 'not_an_integer');
    const served = await spanAt(leader, 'increment', failed?.spanContext().spanId);
    assert.equal(served.attributes['error.type'], 'not_an_integer');
    // A client without tracing asks for nothing.
    await (await leader.client()).set('b', '2');
    await client.dbsize();
    await eventually('the span of the call beside the pipeline', async () =>
      spansOf(leader).some(({ name }) => name === 'DatabaseSize'),
    );
    assert.equal(spansOf(leader).length, before + 2);
  });

  it('end at the client for a call that was never sent', async () => {
    await using client = await Client.connect(leader.address, { tracing: true });
    await assert.rejects(client.get('a', { timeoutMs: -1 }));
    await assert.rejects(client.get('a', { signal: AbortSignal.abort() }));
    await assert.rejects(client.get('a', { atLeast: 'no position' }));
    await client.close();
    await assert.rejects(client.get('a'));
    const codes = exporter.getFinishedSpans().map(({ attributes }) => attributes['error.type']);
    assert.deepEqual(codes, ['invalid_argument', 'cancelled', 'invalid_argument', 'cancelled']);
  });

  it('are none for a caller that may not call', async () => {
    const guarded = await start('guarded', '--tracing');
    const secret = 'boss secret';
    await (await guarded.client()).users.create('boss', { roles: ['admin'], secret });
    await using session = connectHttp2(guarded.address);
    assert.deepEqual(
      [await session.call('wrong secret'), await session.call(undefined), await session.call(secret)],
      ['16', '16', '0'],
    );
    const served = await eventually('the span', async () =>
      spansOf(guarded).find(({ name }) => name === 'DatabaseSize'),
    );
    assert.equal(served.parent, 'b'.repeat(16));
    assert.deepEqual(
      spansOf(guarded).map(({ status }) => status.code),
      [0],
    );
  });

  it('that nobody receives are a warning of the node', async () => {
    const unheard = await cluster.node('unheard');
    await unheard.start('--tracing');
    assert.match(unheard.log, /tracing is on, and nothing receives the spans/);
    assert.doesNotMatch(leader.log, /nothing receives/);
  });

  it('are none at a node without --tracing, which does all the same', async () => {
    const plain = await cluster.node('plain');
    await plain.start();
    await using client = await Client.connect(plain.address, { tracing: true });
    await client.set('a', '1');
    assert.equal(await client.get('a'), '1');
    assert.equal(exporter.getFinishedSpans().length, 2);
    assert.doesNotMatch(plain.log, /tracing/);
  });
});

/** Calls of a program in another language, each with the name of a span. */
function connectHttp2(address: string) {
  const session = http2.connect(`http://${address}`);
  session.on('error', () => {});
  /** @returns the status of gRPC. */
  const call = async (secret: string | undefined): Promise<unknown> => {
    const authorization = secret && `Basic ${Buffer.from(`boss:${secret}`).toString('base64')}`;
    const stream = session.request({
      ':method': 'POST',
      ':path': '/headwater.v1.KeyValueService/DatabaseSize',
      'content-type': 'application/grpc',
      te: 'trailers',
      traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
      ...(authorization && { authorization }),
    });
    let status: unknown;
    const see = (headers: http2.IncomingHttpHeaders) => {
      status = headers['grpc-status'] ?? status;
    };
    stream
      .on('response', see)
      .on('trailers', see)
      .on('error', () => {});
    stream.end(Buffer.alloc(5));
    stream.resume();
    await once(stream, 'close');
    return status;
  };
  return { call, [Symbol.asyncDispose]: async () => session.destroy() };
}
