/** The options of a store that other parts of the node go by. The limits of the log may change while it runs. */
import { LOG_RETENTION_PIN_BYTES } from '../base/limits.js';
import type { FsyncPolicy } from './commit.js';
import { Maintenance } from './maintenance.js';

/** The limits of the log; without a size and an age, the whole log stays. */
export interface Retained {
  /** Bytes of blocks that the log is trimmed to. */
  readonly logRetentionBytes?: number | undefined;
  /** The maximal age of blocks, milliseconds. */
  readonly logRetentionMs?: number | undefined;
  /** Bytes of blocks that the log holds at most for the holders of pins; the default if left out. */
  readonly logRetentionPinBytes?: number | undefined;
}

export class Settings {
  readonly fsync: FsyncPolicy;
  readonly maintenance = new Maintenance();
  #retained: Retained;

  constructor({ fsync, ...retained }: Retained & { readonly fsync: FsyncPolicy }) {
    this.fsync = fsync;
    this.#retained = retained;
  }

  /** Bytes that the log is trimmed to; undefined if the size is not bounded. */
  get logRetentionBytes(): number | undefined {
    return this.#retained.logRetentionBytes;
  }

  /** The maximal age of blocks, milliseconds; undefined if the age is not bounded. */
  get logRetentionMs(): number | undefined {
    return this.#retained.logRetentionMs;
  }

  /** Bytes of log that are kept for the holders of pins; undefined if the log is never trimmed. */
  get logPinBytesMax(): number | undefined {
    return pinBytesMax(this.#retained);
  }

  /** Takes other limits of the log. The next trim goes by them. */
  retain(retained: Retained): void {
    this.#retained = retained;
  }
}

/** Whether anything of the log ever goes. */
export function isTrimmed({ logRetentionBytes, logRetentionMs }: Retained): boolean {
  return logRetentionBytes !== undefined || logRetentionMs !== undefined;
}

/** Bytes of blocks that may be pinned; undefined if the log is never trimmed. */
function pinBytesMax(retained: Retained): number | undefined {
  if (!isTrimmed(retained)) return undefined;
  return Math.max(retained.logRetentionBytes ?? 0, retained.logRetentionPinBytes ?? LOG_RETENTION_PIN_BYTES);
}
