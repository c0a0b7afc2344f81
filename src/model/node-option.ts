/** The options of a running node, as the node shows them and takes changes of them. */

/** The origin of a value: `program` is a program with a node in it, and `run_time` a change while the node ran. */
export type OptionSource = 'default' | 'file' | 'environment' | 'flag' | 'program' | 'run_time' | 'unknown';

/** The kind of an option's value: a size is bytes, a time milliseconds. */
export type OptionKind = 'path' | 'address' | 'size' | 'time' | 'count' | 'choice' | 'switch' | 'text' | 'unknown';

/** The value of an option: a number for a size, a time or a count, and true or false for a switch. */
export type OptionValue = number | string | boolean;

/** The place at which an option got its value. */
export interface OptionOrigin {
  /** The kind of the place. */
  readonly source: OptionSource;
  /** The line of the file, the variable, the flag, or who set it at run time. Empty for a default. */
  readonly place: string;
}

/** An option of a running node. */
export interface NodeOption extends OptionOrigin {
  /** The name of the flag without its dashes. */
  readonly name: string;
  /** The kind of the value, which has its unit. */
  readonly kind: OptionKind;
  /** The value in force. Undefined if nobody gave one and there is no default. */
  readonly value: OptionValue | undefined;
  /** Whether the option changes at run time. All others need a restart. */
  readonly isLive: boolean;
}

/** A new value for an option. */
export interface OptionChange {
  /** The name of the option. */
  readonly name: string;
  /** The new value. Undefined takes back what was set at run time. */
  readonly value: OptionValue | undefined;
}

/** The request for changes of options. */
export interface SetOptionsRequest {
  readonly changes: readonly OptionChange[];
  /** Writes all that was set at run time into the config file of the node too. */
  readonly keep: boolean;
}

/** An option whose value has changed. */
export interface ChangedOption {
  /** The name of the option. */
  readonly name: string;
  /** The value before. */
  readonly from: OptionValue | undefined;
  /** The new value. */
  readonly to: OptionValue | undefined;
  /** The place of the new value. */
  readonly place: string;
}

/** The outcome of reading the options again. */
export interface RereadOptions {
  /** The options that have another value now. */
  readonly changed: readonly ChangedOption[];
  /** The options whose new value counts only after a restart: `to` is that value. */
  readonly needRestart: readonly ChangedOption[];
}
