/** A receiver of spans that throws, wherever it does: it loses spans, and no command of a client or a node fails. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import path from 'node:path';
import { context, ROOT_CONTEXT, type Span, type Tracer, trace } from '@opentelemetry/api';
import { OPEN_SPANS_MAX } from '../../src/base/limits.js';
import { Tracing } from '../../src/base/tracing.js';
import { Client, Node } from '../../src/index.js';
import { removeTemporaryDirectories, temporaryDirectory } from '../support/database.js';
import { RecordingLogger } from '../support/store.js';

const CALLS = ['getTracer', 'startSpan', 'spanContext', 'setAttribute', 'setStatus', 'end', 'active'] as const;

/** Registers a receiver that throws in one of its calls. */
function register(throwing: (typeof CALLS)[number]): void {
  const at = <Result>(call: (typeof CALLS)[number], result: Result): Result => {
    if (call === throwing) throw new Error(`no ${call}`);
    return result;
  };
  const span = {
    spanContext: () => at('spanContext', { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 }),
    setAttribute: () => at('setAttribute', span),
    setStatus: () => at('setStatus', span),
    end: () => at('end', undefined),
  } as unknown as Span;
  const tracer = { startSpan: () => at('startSpan', span) } as unknown as Tracer;
  trace.setGlobalTracerProvider({ getTracer: () => at('getTracer', tracer) });
  context.setGlobalContextManager({
    active: () => at('active', ROOT_CONTEXT),
    with: (_, call, self, ...args) => call.apply(self as never, args),
    bind: (_, target) => target,
    enable: () => assert.fail('nobody enables it'),
    disable() {
      return this;
    },
  });
}

describe('a receiver of spans that throws', () => {
  const ends: Array<() => unknown> = [];

  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
    trace.disable();
    context.disable();
  });
  after(removeTemporaryDirectories);

  for (const call of CALLS)
    it(`from ${call} fails nothing, and is said once`, async () => {
      register(call);
      const said: string[] = [];
      const tracing = await Tracing.load((why) => said.push(why));
      assert.equal(tracing.isReceived, true);
      const spans = Array.from({ length: OPEN_SPANS_MAX }, () => tracing.begin('set', { kind: 'client' }));
      assert.equal(tracing.isFull, true);
      for (const span of spans) span.end('overloaded');
      assert.equal(tracing.isFull, false);
      assert.equal(said.length, 1);
      assert.match(
        said[0] as string,
        new RegExp(`thrown an error, and spans are lost: no ${call}\\. Commands continue`),
      );
    });

  it('fails no command, and both the node and the client warn', async () => {
    register('startSpan');
    const logger = new RecordingLogger();
    const data = path.join(await temporaryDirectory(), 'data');
    const node = await Node.start({ data, listen: '127.0.0.1:0', tracing: true }, { logger });
    ends.push(() => node.stop());
    const warned = once(process, 'warning');
    const client = await Client.connect(node.address, { tracing: true });
    ends.push(() => client.close());
    await Promise.all([client.set('a', '1'), client.incr('b')]);
    assert.equal(await client.get('a'), '1');
    assert.equal((await client.status()).role, 'leader');
    const [warning] = (await warned) as [Error];
    assert.match(warning.message, /^the receiver of the spans has thrown an error/);
    const warnings = logger.lines.filter(({ level, message }) => level === 'warn' && message.includes('receiver'));
    assert.equal(warnings.length, 1);
  });
});
