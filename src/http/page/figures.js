/** Numbers for people: digits in groups, sizes and durations in the unit that fits. */

/** @param {number} count */
export function grouped(count) {
  return count.toLocaleString('en', { maximumFractionDigits: 0 });
}

/**
 * A count and its noun.
 * @param {number} count
 * @param {string} one
 */
export function plural(count, one) {
  return `${grouped(count)} ${one}${count === 1 ? '' : 's'}`;
}

/** A number and its unit stand in one line. */
const SPACE = '\u00a0';

const SIZE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** @param {number} bytes */
export function size(bytes) {
  let unit = 0;
  let left = bytes;
  // A size that would be shown as 1,024.0 has one of the next unit.
  while (left >= 1_023.95 && unit < SIZE_UNITS.length - 1) {
    left /= 1_024;
    unit++;
  }
  return unit === 0 ? `${Math.round(left)}${SPACE}B` : `${left.toFixed(1)}${SPACE}${SIZE_UNITS[unit]}`;
}

/** @param {number} perSecond */
export function rate(perSecond) {
  return perSecond.toLocaleString('en', { maximumFractionDigits: perSecond < 10 ? 1 : 0 });
}

/** @type {ReadonlyArray<readonly [unit: string, ms: number]>} */
const TIME_UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
];

/** @param {number} ms */
export function duration(ms) {
  // A unit is used from two of it on: "90 s" says more than "2 min".
  const [unit, one] = TIME_UNITS.find(([, each]) => ms >= 2 * each) ?? ['ms', 1];
  return `${grouped(ms / one)}${SPACE}${unit}`;
}

const YEAR_MS = 365 * 86_400_000;

/**
 * Room in the log, with the time that it lasts.
 * @param {number | null} bytes
 * @param {number | null} ms
 */
export function room(bytes, ms) {
  if (bytes === null) return 'no bound';
  if (ms === null) return size(bytes);
  // The rate of a minute says nothing about the years.
  return `${size(bytes)}, ${ms > YEAR_MS ? 'over 1 year' : duration(ms)}`;
}

/**
 * The time of the day, behind its day if that is another one.
 * @param {number} timeMs
 * @param {number} nowMs
 */
export function moment(timeMs, nowMs) {
  const [time, now] = [new Date(timeMs), new Date(nowMs)];
  const clock = time.toTimeString().slice(0, 8);
  if (time.toDateString() === now.toDateString()) return clock;
  return `${time.toLocaleDateString('en', { day: 'numeric', month: 'short' })}, ${clock}`;
}
