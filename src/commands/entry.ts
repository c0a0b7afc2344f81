/**
 * Entries by type: the name of each type as clients see it, and the one check that a command finds the type
 * it works on.
 */

import { HeadwaterError } from '../base/errors.js';
import { type Entry, TYPE_STRING } from '../model/command.js';
import { shown } from './arguments.js';
import type { ReadView } from './view.js';

const TYPE_NAMES: ReadonlyMap<number, string> = new Map([[TYPE_STRING, 'string']]);

export function typeName(type: number): string {
  return TYPE_NAMES.get(type) ?? `type ${type}`;
}

/** The string that `key` holds, or undefined if there is no such key. @throws HeadwaterError `wrong_type`. */
export function stringAt(view: ReadView, key: Buffer): Entry | undefined {
  const entry = view.get(key);
  if (entry === undefined || entry.type === TYPE_STRING) return entry;
  throw new HeadwaterError(
    'wrong_type',
    `key ${shown(key)}: expected it to hold a string, it holds a ${typeName(entry.type)}`,
  );
}
