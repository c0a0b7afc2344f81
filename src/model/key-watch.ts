/** A watch of a key that did not exist when the watch began. */
export interface KeyWatch {
  /** True if the key may have been written since. */
  readonly isTouched: boolean;
  /** Ends the watch. The key counts as touched from then on. */
  end(): void;
}

/** The condition that a key does not exist and was not written since the watch began. Other nodes see the version alone. */
export interface UntouchedCondition {
  readonly key: Buffer;
  readonly test: 'version';
  readonly version: 0;
  readonly watch: KeyWatch;
}
