/**
 * The options of a running node: their values, where each comes from, and their changes. Three callers change them: the
 * program around the node, which reads its config file again, and the two doors, with SetOptions over gRPC and CONFIG SET
 * of Redis clients. All of them pass through `#take`. The check of the whole configuration comes first, so a change that
 * breaks a rule changes nothing.
 *
 * The parts of the node read `config`, which changes in place. Parts that keep a value of their own get the new one from
 * the listener of `onChange`.
 */
import { HeadwaterError } from './base/errors.js';
import type { Logger } from './base/logger.js';
import { unknownOption } from './base/option-names.js';
import { checkConfig, checkOption, type NodeConfig, type NodeOptions } from './config.js';
import type {
  ChangedOption,
  NodeOption,
  OptionChange,
  OptionOrigin,
  OptionValue,
  RereadOptions,
} from './model/node-option.js';
import { OPTIONS, type OptionName, type OptionRow } from './options.js';

/** An option of the program around a node: one of several words. */
export interface ProgramOption {
  /** The name of the flag without its dashes. */
  readonly name: string;
  /** The kind of the value. */
  readonly kind: 'choice';
  /** The word for the value in a help. */
  readonly word: string;
  /** The values. */
  readonly choices: readonly string[];
  /** The value that counts if nobody gave one. */
  readonly default: string;
  /** Whether the option changes at run time. */
  readonly live?: boolean;
  /** The meaning of the option. */
  readonly help: string;
  /** The names of the same thing in other stores. */
  readonly elsewhere?: readonly string[];
}

/** The options of the program around a node, and the places of all options that it was started with. */
export interface ProgramOptions {
  /** Rows that the program has beside those of a node: `serve` has those of its log. */
  readonly rows: readonly ProgramOption[];
  /** The values of these rows, by their names. */
  readonly values: ReadonlyMap<string, OptionValue>;
  /** The places of the values that somebody gave, by the names of the options. */
  readonly origins: ReadonlyMap<string, OptionOrigin>;
}

/** The program around a node, as far as it takes part in changes of options. */
export interface LiveProgram extends ProgramOptions {
  /** Takes a new value of one of its rows. */
  take(name: string, value: OptionValue): void;
  /**
   * Writes values into its config file, and returns their places there. Undefined if it has no such file.
   * @throws HeadwaterError if the file cannot take them. The file is as before then.
   */
  keep?(values: readonly OptionChange[]): ReadonlyMap<string, OptionOrigin>;
}

const NO_PROGRAM: LiveProgram = { rows: [], values: new Map(), origins: new Map(), take: () => {} };
const DEFAULT: OptionOrigin = { source: 'default', place: '' };
const BY_PROGRAM: OptionOrigin = { source: 'program', place: '' };

interface Given {
  readonly value: OptionValue;
  readonly origin: OptionOrigin;
}

/** The values of all options that somebody gave, by name. */
type Values = ReadonlyMap<string, Given>;

/** The values in force, by name. */
type InForce = ReadonlyMap<string, OptionValue | undefined>;

/** The options of a running node. A change takes effect at once, or is refused. */
export class LiveOptions {
  /** The options of the node. The object stays the same, and its values change. */
  readonly config: NodeConfig;
  readonly #logger: Logger;
  readonly #program: LiveProgram;
  readonly #rows: readonly OptionRow[];
  /** The values that the program was started with, and those that it has read again since. */
  #given: Values;
  /** The values that were set while the node ran, which weigh more. */
  #set: Values = new Map();
  #inForce: InForce;
  #onChange = () => {};
  #onReread = () => {};

  /** @throws HeadwaterError `invalid_argument`, or `replication_loop` for a node that follows itself. */
  constructor(options: NodeOptions, logger: Logger, program = NO_PROGRAM) {
    this.#logger = logger;
    this.#program = program;
    this.#rows = [...Object.values<OptionRow>(OPTIONS), ...program.rows];
    // The check of all names comes before the rows are looked at.
    this.config = { ...checkConfig(options) };
    this.#given = givenOf(options, program);
    this.#inForce = this.#checked(this.#given).values;
  }

  /** Calls the listener after each change, when `config` has the new values. */
  onChange(listener: () => void): void {
    this.#onChange = listener;
  }

  /** Calls the listener when the program has read all options again, also if none has changed. */
  onReread(listener: () => void): void {
    this.#onReread = listener;
  }

  /**
   * The options of these names, in the order of the table. No name stands for all options.
   * @throws HeadwaterError `invalid_argument` if there is no such option.
   */
  get(names: readonly string[] = []): NodeOption[] {
    const wanted = new Set(names.map((name) => this.#rowOf(name)));
    return this.#rows.filter((row) => wanted.size === 0 || wanted.has(row)).map((row) => this.#shown(row));
  }

  /**
   * Changes several options, or none of them.
   * @param by who changes them, for `place` and the log.
   * @returns the options of these names as they are then.
   * @throws HeadwaterError `invalid_argument` if there is no such option, if it needs a restart, or if the value breaks a
   *   rule.
   */
  set(changes: readonly OptionChange[], by: string): NodeOption[] {
    const set = new Map(this.#set);
    const names = changes.map(({ name }) => name);
    for (const [at, { name, value }] of changes.entries()) {
      const row = this.#liveRowOf(name);
      if (names.indexOf(name) !== at) throw invalid(`${name}: expected one value, received two. Leave one of them out`);
      if (value === undefined) set.delete(name);
      else set.set(name, { value: checkOption(row, value) as OptionValue, origin: { source: 'run_time', place: by } });
    }
    this.#take(this.#given, set);
    return this.get(names);
  }

  /**
   * Writes what was set at run time into the config file of the program, so that a restart keeps it.
   * @returns the options that were written.
   * @throws HeadwaterError `invalid_argument` if there is no file that can take them, `io_error` if it cannot be written.
   */
  keep(): NodeOption[] {
    if (this.#set.size === 0) return [];
    if (this.#program.keep === undefined)
      throw invalid('the node has no config file. Change the options where they are given');
    const values = Array.from(this.#set, ([name, { value }]) => ({ name, value }));
    const origins = this.#program.keep(values);
    const kept = values.map(({ name, value }) => [name, { value, origin: origins.get(name) ?? BY_PROGRAM }] as const);
    this.#given = new Map([...this.#given, ...kept]);
    this.#set = new Map();
    this.#logger.info(
      { event: 'option', kept: values },
      'the options that were set at run time are in the config file now',
    );
    return this.get(values.map(({ name }) => name));
  }

  /**
   * Takes what the program has read again. A value that was set at run time stays, unless the program has another one
   * than before.
   * @throws HeadwaterError `invalid_argument` if the options break a rule. Nothing has changed then.
   */
  reread(options: NodeOptions, program: ProgramOptions): RereadOptions {
    const wanted = givenOf(options, program);
    const { values } = this.#checked(wanted);
    const names = this.#rows.map(({ name }) => name);
    const isLive = (name: string) => this.#rowOf(name).live ?? false;
    const given = new Map(names.flatMap((name) => entryOf(name, isLive(name) ? wanted : this.#given)));
    const set = new Map([...this.#set].filter(([name]) => wanted.get(name)?.value === this.#given.get(name)?.value));
    const changed = this.#take(given, set);
    const needRestart = names
      .filter((name) => !isLive(name) && values.get(name) !== this.#inForce.get(name))
      .map((name) => changeOf(name, this.#inForce, values, wanted.get(name)));
    this.#onReread();
    return { changed, needRestart };
  }

  #take(given: Values, set: Values): ChangedOption[] {
    const next = new Map([...given, ...set]);
    const { values, config } = this.#checked(next);
    const before = this.#inForce;
    const changed = [...values.keys()]
      .filter((name) => values.get(name) !== before.get(name))
      .map((name) => changeOf(name, before, values, next.get(name)));
    this.#given = given;
    this.#set = set;
    this.#inForce = values;
    Object.assign(this.config, config);
    for (const { name } of this.#program.rows) {
      const value = values.get(name);
      if (value !== undefined && value !== before.get(name)) this.#program.take(name, value);
    }
    if (changed.length > 0) this.#onChange();
    for (const { name, from, to, place } of changed)
      this.#logger.info(
        { event: 'option', option: name, from, to, place },
        `${name} is ${this.#inWords(name, to)} now, and was ${this.#inWords(name, from)} (${place})`,
      );
    return changed;
  }

  /** @throws HeadwaterError `invalid_argument` if one of the values, or all together, break a rule. */
  #checked(given: Values): { config: NodeConfig; values: InForce } {
    const options = Object.fromEntries(
      Object.entries<OptionRow>(OPTIONS).map(([property, { name }]) => [property, given.get(name)?.value]),
    );
    const config = checkConfig(options as NodeOptions);
    const own = this.#program.rows.map((row) => {
      const value = given.get(row.name)?.value ?? row.default;
      return [row.name, value === undefined ? undefined : (checkOption(row, value) as OptionValue)] as const;
    });
    const values = Object.entries<OptionRow>(OPTIONS).map(
      ([property, { name }]) => [name, config[property as OptionName]] as const,
    );
    return { config, values: new Map([...values, ...own]) };
  }

  #shown(row: OptionRow): NodeOption {
    const { name, kind, live = false } = row;
    const { source, place } = (this.#set.get(name) ?? this.#given.get(name))?.origin ?? DEFAULT;
    return { name, kind, value: this.#inForce.get(name), source, place, isLive: live };
  }

  #rowOf(name: string): OptionRow {
    const row = this.#rows.find((one) => one.name === name);
    if (row) return row;
    const own = this.#rows.find(({ elsewhere }) => elsewhere?.includes(name.toLowerCase()));
    if (own) throw invalid(`unknown option ${name}: use ${own.name}`);
    throw invalid(
      unknownOption(
        name,
        this.#rows.map((one) => one.name),
      ),
    );
  }

  #liveRowOf(name: string): OptionRow {
    const row = this.#rowOf(name);
    if (row.live) return row;
    const { source, place } = this.#shown(row);
    const isGiven = source !== 'default' && source !== 'program';
    throw invalid(
      `${name}: expected an option that changes at run time, received one that needs a restart. Change it${isGiven ? ` where it was given (${place})` : ''}, and restart the node`,
    );
  }

  #inWords(name: string, value: OptionValue | undefined): string {
    if (value === undefined) return 'not set';
    const { kind } = this.#rowOf(name);
    return kind === 'time' ? `${value} ms` : kind === 'size' ? `${value} bytes` : String(value);
  }
}

function givenOf(options: NodeOptions, { values, origins }: ProgramOptions): Values {
  const own = Object.entries<OptionRow>(OPTIONS).map(
    ([property, { name }]) => [name, options[property as OptionName]] as const,
  );
  return new Map(
    [...own, ...values].flatMap(([name, value]) =>
      value === undefined ? [] : [[name, { value, origin: origins.get(name) ?? BY_PROGRAM }] as const],
    ),
  );
}

function entryOf(name: string, values: Values): Array<[string, Given]> {
  const given = values.get(name);
  return given === undefined ? [] : [[name, given]];
}

function changeOf(name: string, before: InForce, after: InForce, given: Given | undefined): ChangedOption {
  return { name, from: before.get(name), to: after.get(name), place: given?.origin.place || 'default' };
}

function invalid(message: string): HeadwaterError {
  return new HeadwaterError('invalid_argument', message);
}
