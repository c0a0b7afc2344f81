/**
 * Enums of the protocol as words: `NODE_ROLE_LEADER` is `leader`. The words of all enums are in the table that
 * `npm run generate` makes of the .proto files.
 *
 * Nodes of several versions meet. A node refuses a request with a number that it does not know, since it must not guess
 * the wish of a client. A client reads such a number in a response as `unknown`, so that a newer node does not break it.
 */
import { HeadwaterError } from '../base/errors.js';
import { ENUMS } from './generated.schema.js';

export type EnumName = keyof typeof ENUMS;

/** The enums that clients send. All others stand in responses. */
const OF_REQUESTS = [
  'SetCondition',
  'ExpireCondition',
  'DurabilityLevel',
  'BitUnit',
  'BitOperator',
  'BitOverflow',
  'SubsequenceResult',
  'OnRefusal',
  'OptionSwitch',
] as const satisfies readonly EnumName[];

type Word<Name extends EnumName> = Exclude<(typeof ENUMS)[Name][number], 'unspecified'>;

/** The words of an enum. The number 0 of a request stands for none. */
export type EnumWord<Name extends EnumName> = Name extends (typeof OF_REQUESTS)[number]
  ? Word<Name> | undefined
  : Word<Name> | 'unknown';

export interface EnumCodec<Name extends EnumName> {
  /** The number is 0 if there is no word. */
  readonly toNumber: (word: EnumWord<Name> | undefined) => number;
  /** @throws HeadwaterError `invalid_argument` at a number that no client should send. */
  readonly toWord: (number: number, field: string) => EnumWord<Name>;
  /** The word of the number 0. */
  readonly none: EnumWord<Name>;
}

export function isEnum(type: string): type is EnumName {
  return Object.hasOwn(ENUMS, type);
}

export function enumCodec<Name extends EnumName>(name: Name): EnumCodec<Name> {
  const [, ...words]: readonly string[] = ENUMS[name];
  const numbers = new Map(words.map((word, index) => [word, index + 1]));
  const isOfRequests = (OF_REQUESTS as readonly EnumName[]).includes(name);
  const none = (isOfRequests ? undefined : 'unknown') as EnumWord<Name>;
  return {
    none,
    toNumber: (word) => (word === undefined ? 0 : (numbers.get(word) ?? 0)),
    toWord(number, field) {
      if (number === 0) return none;
      const word = words[number - 1];
      if (word !== undefined) return word as EnumWord<Name>;
      if (!isOfRequests) return 'unknown' as EnumWord<Name>;
      const expected = words.map((known, index) => `${index + 1} (${known})`);
      throw new HeadwaterError('invalid_argument', `${field}: expected ${expected.join(', ')}, received ${number}`);
    },
  };
}
