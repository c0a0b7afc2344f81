/** The type of a key that does not exist. */
export const ABSENT = -1;

/** The place of a value in memory. Many reads share one such object, so that a read makes none. */
export interface ValuePlace {
  /** The type of the key, or ABSENT. The other fields have no meaning then. */
  type: number;
  /** The value is bytes[start..end). A later turn may overwrite these bytes. */
  bytes: Buffer;
  start: number;
  end: number;
  /** Milliseconds since the epoch; 0 = never. */
  expiresAtMs: number;
}

export function noPlace(): ValuePlace {
  return { type: 0, bytes: Buffer.alloc(0), start: 0, end: 0, expiresAtMs: 0 };
}
