/**
 * The form of a question: a name, a sentence, options with their defaults, and a function that measures. A question
 * knows neither the command line nor the forms of a report.
 */
import type { Row } from './report/report.js';

/** An option, with the value that keeps the question short and the one of `--thorough`. */
export interface QuestionOption<T = unknown> {
  readonly description: string;
  readonly quick: T;
  readonly thorough: T;
  /** @throws Error that names the expected and the received text. */
  readonly parse: (text: string) => T;
}

type OptionTable = Readonly<Record<string, QuestionOption>>;

export type Chosen<Table> = { readonly [Name in keyof Table]: Table[Name] extends QuestionOption<infer T> ? T : never };

export interface Question<Table extends OptionTable = OptionTable> {
  /** The file that it stands in, and the word on the command line. */
  readonly name: string;
  readonly sentence: string;
  readonly options: Table;
  readonly measure: (options: Chosen<Table>, run: Run) => Promise<void>;
}

/** The suite, as a question that is measured sees it. */
export interface Run {
  /** Rows for the report. They stay if the question fails later. */
  readonly add: (rows: readonly Row[]) => void;
  readonly progress: (text: string) => void;
  /** A sentence for the report: a figure that is missing, and why. */
  readonly note: (sentence: string) => void;
}

export function question<const Table extends OptionTable>(declared: Question<Table>): Question {
  // The suite fills in each option of the table, so the measuring function gets what it declares.
  return declared as unknown as Question;
}

export function count(description: string, quick: number, thorough = quick): QuestionOption<number> {
  return { description, quick, thorough, parse: parseCount };
}

/** Numbers with commas between them. */
export function counts(
  description: string,
  quick: readonly number[],
  thorough = quick,
): QuestionOption<readonly number[]> {
  return { description, quick, thorough, parse: (text) => text.split(',').map(parseCount) };
}

/** Some of the words, with commas between them. */
export function words<Word extends string>(
  description: string,
  all: readonly Word[],
  quick: readonly Word[] = all,
  thorough: readonly Word[] = all,
): QuestionOption<readonly Word[]> {
  const isWord = (text: string): text is Word => (all as readonly string[]).includes(text);
  const parse = (text: string) => {
    const parts = text.split(',');
    const chosen = parts.filter(isWord);
    if (chosen.length === parts.length) return chosen;
    throw new Error(`Expected some of ${all.join(',')}, received ${JSON.stringify(text)}.`);
  };
  return { description: `${description}: some of ${all.join(', ')}`, quick, thorough, parse };
}

function parseCount(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new Error(`Expected a whole number above 0, received ${JSON.stringify(text)}.`);
}
