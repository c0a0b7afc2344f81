/** Numbers as reports show them: three digits that count, or all digits of a large one. */
import type { Summary } from '../measure/statistics.js';

const DIGITS = 3;

export function shown(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const digits = value === 0 ? 0 : Math.max(0, DIGITS - 1 - Math.floor(Math.log10(Math.abs(value))));
  const rounded = Math.abs(value) >= 1_000 ? Number(value.toPrecision(DIGITS)) : value;
  return rounded.toLocaleString('en', { maximumFractionDigits: Math.min(digits, DIGITS) });
}

/** `min–max`; nothing of a single round. */
export function spread({ min, max, values }: Summary): string {
  return values.length < 2 || !Number.isFinite(min) || !Number.isFinite(max) ? '' : `${shown(min)}–${shown(max)}`;
}
