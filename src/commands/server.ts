/** Commands on the store as a whole: FLUSHALL and PING. */
import type { ReplyTo } from '../model/operation.js';
import { checkValue } from './arguments.js';
import { EMPTY, type Family, OVERHEAD_BYTES } from './handler.js';

const FLUSHED: ReplyTo<'flushAll'> = Object.freeze({ kind: 'flushAll' });

export const server: Family<'flushAll' | 'ping'> = {
  /** Logged on an empty store too, because only a scan could show that it is empty. */
  flushAll: {
    validate() {},
    sizeOf: () => OVERHEAD_BYTES,
    keysRead: () => EMPTY,
    execute(_operation, view) {
      view.clear();
      return FLUSHED;
    },
  },

  ping: {
    validate: ({ message }, limits) => checkValue(message, limits),
    sizeOf: ({ message }) => OVERHEAD_BYTES + message.length,
    keysRead: () => EMPTY,
    execute: ({ message }) => ({ kind: 'ping', message }),
  },
};
