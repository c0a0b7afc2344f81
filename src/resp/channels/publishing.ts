/**
 * PUBLISH and SPUBLISH: a message goes through the publisher of the node, so it comes to the subscribers of every node.
 * A follower sends it up to its leader. So it differs from a replica of Redis, which delivers to its own subscribers
 * alone.
 */
import { HeadwaterError } from '../../base/errors.js';
import type { CommandSession } from '../command.js';
import { Refusal } from '../replies/refusal.js';

export async function published(
  session: CommandSession,
  kind: 'channels' | 'shardChannels',
  name: Buffer,
  data: Buffer,
): Promise<void> {
  const { signal, node } = session;
  const call = {
    signal,
    get cancelled() {
      return signal.aborted ? signal.reason : undefined;
    },
  };
  try {
    session.out.integer(await node.channels.publish(kind, [name, data], call));
  } catch (failure) {
    const isCutOff = HeadwaterError.is(failure, 'unavailable') && node.roles.role === 'follower';
    throw isCutOff ? new Refusal(`MASTERDOWN ${failure.message}`) : failure;
  }
}
