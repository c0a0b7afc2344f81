/** PUBLISH as one session carries it out: the order of the reply, and failures that nobody foresaw. */
import assert from 'node:assert/strict';
import { published, publishedInRow } from '../../src/resp/channels/publishing.js';
import type { CommandSession } from '../../src/resp/command.js';

type Session = CommandSession & { readonly events: string[] };

function sessionOf(publish: () => Promise<number>): Session {
  const events: string[] = [];
  const channels = {
    publish,
    publishAll: (_: string, messages: readonly unknown[]) => Promise.allSettled(messages.map(publish)),
  };
  return {
    events,
    node: { channels, roles: { role: 'leader' } },
    state: { listener: { send: () => events.push('message') } },
    out: { integer: (value: number) => events.push(`:${value}`), error: (text: string) => events.push(`-${text}`) },
    signal: new AbortController().signal,
    drop: () => events.push('dropped'),
  } as unknown as Session;
}

const request = ['publish', 'a', 'b'].map((word) => Buffer.from(word));

describe('a message that a Redis client publishes', () => {
  it('comes to the client itself before the reply, however many others get the message first', async () => {
    const session = sessionOf(async () => 1);
    await published(session, 'channels', request);
    assert.deepEqual(session.events, ['message', ':1']);
  });

  it('ends the connection if an unforeseen failure leaves one error for a row', async () => {
    const session = sessionOf(() => Promise.reject(new TypeError('unforeseen')));
    await assert.rejects(publishedInRow(session, 'channels', [request, request]), TypeError);
    assert.deepEqual(session.events, ['dropped']);
  });
});
