/** Replies that many commands have. */
import type { ReplyWriter } from '../codec/reply-writer.js';
import { Refusal } from './refusal.js';

export function writeOk(out: ReplyWriter): void {
  out.simple('OK');
}

/** Writes OK if the write was done, and null if its condition did not hold. */
export function writeOkOrNull(out: ReplyWriter, { applied }: { readonly applied: boolean }): void {
  if (applied) out.simple('OK');
  else out.null();
}

/** Writes 1 if the write was done, and 0 if its condition did not hold. */
export function writeApplied(out: ReplyWriter, { applied }: { readonly applied: boolean }): void {
  out.integer(applied ? 1 : 0);
}

/** Writes the value, or null if there is none. */
export function writeValue(out: ReplyWriter, { value }: { readonly value?: Buffer | undefined }): void {
  countLookup(out, value !== undefined);
  if (value) out.bulk(value);
  else out.null();
}

/** Counts a key that a read asked for. */
export function countLookup({ lookups }: ReplyWriter, isFound: boolean): void {
  if (isFound) lookups.hits++;
  else lookups.misses++;
}

export function writeLength(out: ReplyWriter, { length }: { readonly length: number }): void {
  out.integer(length);
}

/** Writes an array of texts. */
export function writeArray(out: ReplyWriter, texts: ReadonlyArray<Buffer | string>): void {
  out.begin('array', texts.length);
  for (const text of texts) out.bulk(text);
}

/** A command that is always refused. */
export function refusing(sentence: string): { readonly run: () => never } {
  return {
    run: () => {
      throw new Refusal(sentence);
    },
  };
}
