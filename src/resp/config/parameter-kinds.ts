/** The kinds of values of Redis's configuration parameters: read as Redis reads them, with its sentences. */
import { integerIn } from '../arguments/arguments.js';

/** The value in the form in which CONFIG GET shows it, or the reason why it is none. */
export type Read = { readonly value: string } | { readonly refusal: string };

export type ReadValue = (text: string) => Read;

const INT64_MAX = 2n ** 63n - 1n;

const UNITS: Readonly<Record<string, bigint>> = {
  '': 1n,
  b: 1n,
  k: 1_000n,
  kb: 1n << 10n,
  m: 1_000_000n,
  mb: 1n << 20n,
  g: 1_000_000_000n,
  gb: 1n << 30n,
};

export const text: ReadValue = (value) => ({ value });

export const yesOrNo: ReadValue = (given) => {
  const value = given.toLowerCase();
  return value === 'yes' || value === 'no' ? { value } : { refusal: "argument must be 'yes' or 'no'" };
};

export function choice(...choices: readonly string[]): ReadValue {
  return (given) => {
    const value = given.toLowerCase();
    if (choices.includes(value)) return { value };
    return { refusal: `argument(s) must be one of the following: ${choices.join(', ')}` };
  };
}

export function integer(least: bigint, most = INT64_MAX): ReadValue {
  return (given) => {
    const value = integerIn(Buffer.from(given));
    if (value === undefined) return { refusal: "argument couldn't be parsed into an integer" };
    return within(value, least, most);
  };
}

/** Bytes, with or without a unit. */
export function memory(least = 0n, most = INT64_MAX): ReadValue {
  return (given) => {
    const [, digits, unit = ''] = /^(\d{1,20})([a-z]{0,2})$/i.exec(given) ?? [];
    const factor = UNITS[unit.toLowerCase()];
    if (digits === undefined || factor === undefined) return { refusal: 'argument must be a memory value' };
    return within(BigInt(digits) * factor, least, most);
  };
}

function within(value: bigint, least: bigint, most: bigint): Read {
  if (value >= least && value <= most) return { value: String(value) };
  return { refusal: `argument must be between ${least} and ${most} inclusive` };
}
