/** The options of a running node, as the node shows them and takes changes of them. */

/** The place from which an option has its value: `program` is a program with a node in it, `run_time` a running node. */
export type OptionSource = 'default' | 'file' | 'environment' | 'flag' | 'program' | 'run_time' | 'unknown';

/** The kind of an option's value: a size is bytes, a time milliseconds. */
export type OptionKind = 'path' | 'address' | 'size' | 'time' | 'count' | 'choice' | 'switch' | 'unknown';

/** The value of an option: a number for a size, a time or a count, and true or false for a switch. */
export type OptionValue = number | string | boolean;

/** The place at which an option got its value. */
export interface OptionOrigin {
  readonly source: OptionSource;
  /** The line of the file, the variable, the flag, or who set it at run time. Empty for a default. */
  readonly place: string;
}

/** An option of a running node. */
export interface NodeOption extends OptionOrigin {
  /** The name of the flag without its dashes. */
  readonly name: string;
  readonly kind: OptionKind;
  /** The value in force. Undefined if nobody gave one and there is no default. */
  readonly value: OptionValue | undefined;
  /** Whether the option changes at run time. All others need a restart. */
  readonly isLive: boolean;
}

/** A new value for an option. Without a value, the one that the option was started with is in force again. */
export interface OptionChange {
  readonly name: string;
  readonly value: OptionValue | undefined;
}

/** An option whose value has changed. */
export interface ChangedOption {
  readonly name: string;
  readonly from: OptionValue | undefined;
  readonly to: OptionValue | undefined;
  readonly place: string;
}

/** The outcome of reading the options again. */
export interface RereadOptions {
  readonly changed: readonly ChangedOption[];
  /** The options whose new value counts only after a restart: `to` is that value. */
  readonly needRestart: readonly ChangedOption[];
}
