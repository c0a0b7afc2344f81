/**
 * Entries by type: the word for each type as clients see it, and the one check that a command finds the type
 * it works on.
 */

import { HeadwaterError } from '../base/errors.js';
import { type Entry, TYPE_STRING } from '../model/command.js';
import type { ValueType } from '../model/operation.js';
import { shown } from './arguments.js';
import type { ReadView } from './view.js';

export function typeName(type: number): ValueType {
  return type === TYPE_STRING ? 'string' : 'unknown';
}

/** The string that `key` holds, or undefined if there is no such key. @throws HeadwaterError `wrong_type`. */
export function stringAt(view: ReadView, key: Buffer): Entry | undefined {
  const entry = view.get(key);
  if (entry === undefined || entry.type === TYPE_STRING) return entry;
  throw new HeadwaterError(
    'wrong_type',
    `key ${shown(key)}: expected it to hold a string, it holds a type ${entry.type}`,
  );
}
