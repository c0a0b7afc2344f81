/** Numbers for people: digits in groups, sizes and durations in the unit that fits, moments as times of the day. */

/** A whole number with its digits in groups: `1,234,567`. */
export function grouped(count: number | bigint): string {
  return count.toLocaleString('en', { maximumFractionDigits: 0 });
}

const SIZE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** A size in the largest unit of 1,024 that it has one of: `12.5 MiB`, `8.0 GiB`. */
export function binarySize(bytes: number): string {
  let unit = 0;
  let size = bytes;
  // A size that would be shown as 1,024.0 has one of the next unit.
  while (size >= 1_023.95 && unit < SIZE_UNITS.length - 1) {
    size /= 1_024;
    unit++;
  }
  return unit === 0 ? `${bytes} B` : `${size.toFixed(1)} ${SIZE_UNITS[unit]}`;
}

/** A rate: `3.5`, `1,204`. */
export function rate(perSecond: number): string {
  return perSecond.toLocaleString('en', { maximumFractionDigits: perSecond < 10 ? 1 : 0 });
}

/** A latency in milliseconds, with three digits that count: `0.123`, `12.3`, `1,204`. */
export function milliseconds(ms: number): string {
  const digits = ms < 1 ? 3 : ms < 10 ? 2 : ms < 100 ? 1 : 0;
  return ms.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** The time of the day in the local zone: `18:04:59`. */
export function clockTime(moment: Date): string {
  return moment.toTimeString().slice(0, 8);
}

/** The time of the day with milliseconds: `18:04:59.007`. */
export function preciseTime(moment: Date): string {
  return `${clockTime(moment)}.${String(moment.getMilliseconds()).padStart(3, '0')}`;
}

/** A count and its noun: `1 key`, `2,000 keys`. */
export function plural(count: number | bigint, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 || count === 1n ? one : many}`;
}

/** A duration for people: `340 ms`, `12 s`, `5 min`, `3 h`, `40 d`. */
export function roughly(ms: number): string {
  const units: ReadonlyArray<readonly [unit: string, ms: number]> = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['min', 60_000],
    ['s', 1_000],
  ];
  // A unit is used from two of it on: "90 s" says more than "2 min".
  const [unit, one] = units.find(([, one]) => ms >= 2 * one) ?? ['ms', 1];
  return `${grouped(ms / one)} ${unit}`;
}

/**
 * A moment of another machine, with its age: `3 min ago, 2026-11-21T18:00:00.000Z`. A moment that is ahead of this
 * machine's clock has no age.
 */
export function moment(timeMs: number, nowMs = Date.now()): string {
  const time = new Date(timeMs).toISOString();
  return timeMs > nowMs ? time : `${roughly(nowMs - timeMs)} ago, ${time}`;
}
