/** Options that are true or false. Text such as 'false' would otherwise count as true. */
import { HeadwaterError } from '../base/errors.js';
import { shownValue } from '../base/shown-value.js';

/** @throws HeadwaterError `invalid_argument` if the value is neither true nor false. */
export function checkSwitch(name: string, value: unknown): void {
  if (typeof value === 'boolean') return;
  throw new HeadwaterError('invalid_argument', `${name}: expected true or false, received ${shownValue(value)}`);
}

/**
 * True if the option is on. An option that is not given is off.
 * @throws HeadwaterError `invalid_argument` if the value is neither true nor false.
 */
export function isOn(name: string, value: boolean | undefined): boolean {
  if (value === undefined) return false;
  checkSwitch(name, value);
  return value;
}
