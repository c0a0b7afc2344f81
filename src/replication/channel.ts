/**
 * The transport of a replication session, as feed and link see it: whole
 * frames, in order, with back-pressure. The gRPC duplex call implements it
 * (rpc/). Tests bring an implementation in memory.
 */
import type { HeadwaterError } from '../base/errors.js';
import type { DownFrame, UpFrame } from './frames.js';

export interface Channel<Out, In> {
  /**
   * Hands a frame over. A promise means that the peer is behind: the caller sends
   * nothing more until it resolves. After the end, frames are dropped.
   */
  send(frame: Out): Promise<void> | undefined;
  /**
   * Resolves with all frames that arrived since the last call, at least one.
   * @throws the reason of the end, once every frame has been received.
   */
  receive(): Promise<In[]>;
  /** Ends both directions. Without a reason, the channel ends in good order. */
  close(reason?: HeadwaterError): void;
  /** Aborts with the reason when the channel has ended, whichever side ended it. */
  readonly ended: AbortSignal;
  /** Bytes that have arrived from the peer. Bytes of incomplete frames count, since each byte is a sign of life. */
  readonly heardBytes: number;
  /** address:port of the other end, as far as the transport knows. */
  readonly peerAddress?: string | undefined;
}

/** The channel at the follower. */
export type UpChannel = Channel<UpFrame, DownFrame>;
/** The channel at the follower's upstream. */
export type DownChannel = Channel<DownFrame, UpFrame>;
