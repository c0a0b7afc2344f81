/**
 * What a replication session runs over, as feed and link see it: whole frames,
 * in order, with back-pressure. The gRPC duplex call is one (rpc/), tests bring
 * one in memory.
 */
import type { HeadwaterError } from '../base/errors.js';
import type { DownFrame } from '../wire/down-frames.js';
import type { UpFrame } from '../wire/up-frames.js';

export interface Channel<Out, In> {
  /**
   * Hands a frame over. A promise means that the peer is behind: send nothing
   * more until it resolves. After the end, frames are dropped.
   */
  send(frame: Out): Promise<void> | undefined;
  /**
   * All frames that have arrived and were not received yet, at least one.
   * @throws the reason of the end, once everything has been received.
   */
  receive(): Promise<In[]>;
  /** Ends both directions; without a reason, in good order. */
  close(reason?: HeadwaterError): void;
  /** Aborts with the reason when the channel has ended, whoever ended it. */
  readonly ended: AbortSignal;
  /**
   * Bytes that have arrived from the peer, those of frames that are not whole
   * included: each is a sign of life.
   */
  readonly heardBytes: number;
  /** address:port of the other end, as far as the transport tells. */
  readonly peerAddress?: string | undefined;
}

/** At the follower. */
export type UpChannel = Channel<UpFrame, DownFrame>;
/** At its upstream. */
export type DownChannel = Channel<DownFrame, UpFrame>;
