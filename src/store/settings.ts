/** The options of a store that other parts of the node go by. */
import type { FsyncPolicy } from './commit.js';
import { pinBytesMax, type Retained } from './retention.js';

export interface Settings {
  readonly fsync: FsyncPolicy;
  /** Bytes that the log is trimmed to; undefined if the size is not bounded. */
  readonly logRetentionBytes: number | undefined;
  /** The maximal age of blocks, milliseconds; undefined if the age is not bounded. */
  readonly logRetentionMs: number | undefined;
  /** Bytes of log that are kept for the holders of pins; undefined if the log is never trimmed. */
  readonly logPinBytesMax: number | undefined;
}

export function settingsOf(options: Retained & { readonly fsync: FsyncPolicy }): Settings {
  const { fsync, logRetentionBytes, logRetentionMs } = options;
  return { fsync, logRetentionBytes, logRetentionMs, logPinBytesMax: pinBytesMax(options) };
}
