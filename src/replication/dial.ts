import { unlessAborted } from '../base/abort.js';
import type { HeadwaterError } from '../base/errors.js';
import type { UpChannel } from './channel.js';

/**
 * Resolves with the channel of `dialling`, which is closed as soon as `signal`
 * aborts, with its reason. A channel that opens only after that is closed too.
 * @throws the error of the dial, or the reason of `signal`.
 */
export async function heldUntil(dialling: Promise<UpChannel>, signal: AbortSignal): Promise<UpChannel> {
  const channel = await unlessAborted(dialling, signal).catch((error) => {
    dialling.then((late) => late.close()).catch(() => {});
    throw error;
  });
  const hangUp = () => channel.close(signal.reason as HeadwaterError);
  signal.addEventListener('abort', hangUp, { once: true, signal: channel.ended });
  if (signal.aborted) hangUp();
  return channel;
}
