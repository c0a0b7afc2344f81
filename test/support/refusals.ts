/** The expectation that a call is refused with a coded error. */
import assert from 'node:assert/strict';
import { type ErrorCode, HeadwaterError } from '../../src/base/errors.js';

/** For `assert.throws` and `assert.rejects`: the code, and words of the message. */
export function refused(code: ErrorCode, pattern = /./): (error: unknown) => boolean {
  return (error) => HeadwaterError.is(error, code) && pattern.test(error.message);
}

/** @returns the error with which the promise was rejected. */
export async function refusedWith(code: ErrorCode, promise: Promise<unknown>): Promise<HeadwaterError> {
  const outcome = await promise.catch((error) => error);
  assert(HeadwaterError.is(outcome, code), `expected ${code}, received ${outcome}`);
  return outcome;
}
