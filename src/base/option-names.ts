/**
 * The options that a program gives by name. An unknown name is refused: a misspelled option would otherwise do nothing,
 * and the caller would not know. The refusal suggests the known name that is nearest.
 */
import { HeadwaterError } from './errors.js';
import { shownValue } from './shown-value.js';

/** The names of a call's options. */
export type OptionNames = ReadonlySet<string>;

/** Lists the names of an interface of options. A name too few or too many does not compile. */
export function optionNames<Options>(names: { readonly [Name in keyof Options]-?: true }): OptionNames {
  return new Set(Object.keys(names));
}

/**
 * @param path the name of the option that has these options, followed by a dot. Empty for the options of a call.
 * @throws HeadwaterError `invalid_argument` if the value is no object, or has a name that is not in the list.
 */
export function checkOptionNames(options: unknown, names: OptionNames, path = ''): void {
  const refusal = refusedOptions(options, names, path);
  if (refusal) throw refusal;
}

/** The error that `checkOptionNames` throws, undefined if there is none. For callers that reject a promise. */
export function refusedOptions(options: unknown, names: OptionNames, path = ''): HeadwaterError | undefined {
  if (typeof options !== 'object' || options === null)
    return invalid(`${path.slice(0, -1) || 'options'}: expected an object, received ${shownValue(options)}`);
  for (const name in options) if (!names.has(name)) return invalid(unknownOption(name, names, path));
  return undefined;
}

/** Says that there is no such option, and names the nearest one, or all of them if none is near. */
export function unknownOption(name: string, known: Iterable<string>, path = ''): string {
  const nearest = nearestName(name, [...known]);
  const instead = nearest
    ? `did you mean ${path}${nearest}?`
    : `expected one of ${Array.from(known, (one) => path + one).join(', ')}`;
  return `unknown option ${path}${/^[\w.-]+$/.test(name) ? name : JSON.stringify(name)}: ${instead}`;
}

/** The names of the same options in Redis and its clients, and in the methods of commands for their operations. */
const SYNONYMS: ReadonlyMap<string, readonly string[]> = new Map([
  ['ex', ['ttlMs']],
  ['px', ['ttlMs']],
  ['exat', ['expiresAtMs']],
  ['pxat', ['expiresAtMs']],
  ['ttlms', ['expiry']],
  ['expiresatms', ['expiry']],
  ['nx', ['ifAbsent', 'if_none']],
  ['xx', ['ifPresent', 'if_any']],
  ['ifabsent', ['condition']],
  ['ifpresent', ['condition']],
  ['get', ['returnOld']],
  ['retries', ['retry', 'attempts']],
  ['abort', ['signal']],
]);

function nearestName(name: string, known: readonly string[]): string | undefined {
  const plain = plainName(name);
  const [synonym] = SYNONYMS.get(plain)?.filter((one) => known.includes(one)) ?? [];
  if (synonym) return synonym;
  const near = nearest(plain, new Map(known.map((one) => [plainName(one), one])), 2);
  return near ?? beginningWith(plain, known);
}

/** The only name that the given one is a beginning of, if it is long enough to mean something. */
function beginningWith(plain: string, known: readonly string[]): string | undefined {
  const found = plain.length < 3 ? [] : known.filter((one) => plainName(one).startsWith(plain));
  return found.length === 1 ? found[0] : undefined;
}

/** `timeout_ms`, `timeout-ms` and `timeoutMs` are the same to a reader. */
function plainName(name: string): string {
  return name.toLowerCase().replace(/[_-]/g, '');
}

/** The nearest of the known names, if it differs by one letter, or by a third of the letters of a long name. */
export function nearName(name: string, known: readonly string[]): string | undefined {
  return nearest(name, new Map(known.map((one) => [one, one])), 1);
}

/**
 * @param known what is returned, by the name that is compared.
 * @param letters that may differ in a short name.
 */
function nearest(name: string, known: ReadonlyMap<string, string>, letters: number): string | undefined {
  const [first] = Array.from(known, ([text, one]) => ({ one, distance: editDistance(name, text) })).sort(
    (a, b) => a.distance - b.distance,
  );
  return first && first.distance <= Math.max(letters, name.length / 3) ? first.one : undefined;
}

/** The number of letters that differ, are missing or are too many. Two letters that are swapped count as one. */
function editDistance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const other = (rows[i - 1]?.[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = isSwapped ? (rows[i - 2]?.[j - 2] ?? 0) + 1 : other;
      row.push(Math.min((rows[i - 1]?.[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, other, swapped));
    }
    rows.push(row);
  }
  return rows.at(-1)?.at(-1) ?? 0;
}

function invalid(message: string): HeadwaterError {
  return new HeadwaterError('invalid_argument', message);
}
