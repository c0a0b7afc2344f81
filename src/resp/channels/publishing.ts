/**
 * PUBLISH and SPUBLISH: a message goes through the publisher of the node, so it comes to the subscribers of every node.
 * A follower sends it up to its leader. So it differs from a replica of Redis, which delivers to its own subscribers
 * alone.
 */
import { HeadwaterError } from '../../base/errors.js';
import type { Caller } from '../../pipeline/caller.js';
import type { Request } from '../codec/request-parser.js';
import type { CommandSession } from '../command.js';
import { Refusal, sentenceOf } from '../replies/refusal.js';

type Kind = 'channels' | 'shardChannels';

export async function published(session: CommandSession, kind: Kind, request: Request): Promise<void> {
  try {
    const receivers = await session.node.channels.publish(kind, messageIn(request), callOf(session));
    // The message to the client itself comes first, and may wait for its turn behind thousands of others.
    session.state.listener?.send();
    session.out.integer(receivers);
  } catch (failure) {
    throw inWordsOfRedis(failure, session);
  }
}

/** Publishes messages that came in a row together. */
export async function publishedInRow(session: CommandSession, kind: Kind, requests: readonly Request[]): Promise<void> {
  for (const outcome of await outcomes(session, kind, requests.map(messageIn))) {
    if (outcome.status === 'fulfilled') session.out.integer(outcome.value);
    else session.out.error(sentence(outcome.reason, session));
  }
}

/** A follower has less memory for messages on their way, so a client has one at a time there. */
async function outcomes(
  session: CommandSession,
  kind: Kind,
  messages: ReadonlyArray<readonly [name: Buffer, data: Buffer]>,
): Promise<Array<PromiseSettledResult<number>>> {
  const { channels, roles } = session.node;
  const call = callOf(session);
  const published: Array<PromiseSettledResult<number>> = [];
  const parts = roles.role === 'leader' ? [messages] : messages.map((message) => [message]);
  for (const part of parts) {
    const refused = (reason: unknown) => part.map(() => ({ status: 'rejected', reason }) as const);
    published.push(...(await channels.publishAll(kind, part, call).catch(refused)));
  }
  return published;
}

function messageIn([, name, data]: Request): readonly [name: Buffer, data: Buffer] {
  return [name as Buffer, data as Buffer];
}

function callOf({ signal }: CommandSession): Pick<Caller, 'signal' | 'cancelled'> {
  return {
    signal,
    get cancelled() {
      return signal.aborted ? signal.reason : undefined;
    },
  };
}

function inWordsOfRedis(failure: unknown, { node }: CommandSession): unknown {
  const isCutOff = HeadwaterError.is(failure, 'unavailable') && node.roles.role === 'follower';
  return isCutOff ? new Refusal(`MASTERDOWN ${failure.message}`) : failure;
}

/** @throws an unforeseen failure. The connection ends then, since one error would stand for all replies of the row. */
function sentence(reason: unknown, session: CommandSession): string {
  const failure = inWordsOfRedis(reason, session);
  if (failure instanceof Refusal) return failure.message;
  if (HeadwaterError.is(failure)) return sentenceOf(failure);
  session.drop();
  throw failure;
}
