import { unlessAborted } from '../base/abort.js';
import type { HeadwaterError } from '../base/errors.js';
import type { UpChannel } from './channel.js';

/**
 * What `dialling` gives, hung up as soon as `signal` aborts, with its reason,
 * also where it comes only after that.
 * @throws why the dial failed, or the reason of `signal`.
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
