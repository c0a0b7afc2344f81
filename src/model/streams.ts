/** The requests and events of subscriptions and watches. */
import type { ValueType } from './operation.js';
import type { Position } from './position.js';

export interface PublishRequest {
  readonly channel: Buffer;
  readonly data: Buffer;
  readonly durable: boolean;
}

export interface SubscribeRequest {
  readonly channels: readonly Buffer[];
  /** Globs of channel names. */
  readonly patterns: readonly Buffer[];
  /** The position to begin at. Undefined to begin now. */
  readonly from: Position | undefined;
}

export interface PublishedMessage {
  readonly kind: 'message';
  readonly channel: Buffer;
  readonly data: Buffer;
  /** The glob that matched. Undefined if the subscriber named the channel itself. */
  readonly pattern: Buffer | undefined;
  /** The offset that the message follows, or its own offset if it is durable. */
  readonly offset: number;
  readonly durable: boolean;
}

export type SubscriptionEvent =
  | PublishedMessage
  /** The count is undefined if the number of missed messages is unknown. */
  | { readonly kind: 'missed'; readonly count: number | undefined }
  | { readonly kind: 'gap'; readonly from: number; readonly to: number };

/** A response of either stream. */
export interface Told<Event> {
  readonly events: readonly Event[];
  /** The end of the block that contains the last event, or that the last event follows. */
  readonly position: Position;
  /** True if the next response continues within that block. */
  readonly more: boolean;
}

export interface WatchRequest {
  readonly prefix: Buffer;
  /** A bare offset or a position. Undefined to begin now. */
  readonly from: number | Position | undefined;
}

export interface WatchedEntry {
  readonly key: Buffer;
  readonly value: Buffer;
  /** Milliseconds since the epoch, 0 for never. */
  readonly expiresAtMs: number;
  /** The offset of the write. */
  readonly version: number;
  readonly type: ValueType;
}

/** The change that a command makes. */
export type Change = {
  readonly offset: number;
  /** True if more of the same transaction follows. */
  readonly continues: boolean;
} & (
  | ({ readonly kind: 'put' } & WatchedEntry)
  | { readonly kind: 'delete'; readonly key: Buffer }
  | { readonly kind: 'expire'; readonly key: Buffer; readonly expiresAtMs: number }
  | { readonly kind: 'clear' }
);

export type WatchEvent =
  | Change
  | { readonly kind: 'snapshotBegin'; readonly position: Position; readonly reason: string }
  | ({ readonly kind: 'entry' } & WatchedEntry)
  | { readonly kind: 'snapshotEnd'; readonly position: Position; readonly entries: number };
