/**
 * The note of a failed write, an empty file `write-failed`: a write to the generation failed, and it was not opened
 * since. The note outlives a kill, since LevelDB may have left a record in pieces that is no damage (level-check.ts).
 */
import type { HeadwaterError } from '../base/errors.js';
import type { Folder } from './folder.js';

export const WRITE_FAILED = 'write-failed';

export class FailedWrite {
  readonly #folder: Folder;
  #isSet = false;

  constructor(folder: Folder) {
    this.#folder = folder;
  }

  /** Whether a write has failed, in this life or before it, and nothing was open since. */
  get isSet(): boolean {
    return this.#isSet;
  }

  /** Reads the note of the life before. */
  async load(): Promise<void> {
    this.#isSet = await this.#folder.has(WRITE_FAILED);
  }

  /** Takes in a failure; the note is written by `save`. */
  met({ code }: HeadwaterError): void {
    this.#isSet ||= code === 'store_latched';
  }

  /** Writes the note for the next life, since this one may be killed before. @returns false if there was no room. */
  async save(): Promise<boolean> {
    if (!this.#isSet) return true;
    return this.#folder.touch(WRITE_FAILED).then(
      () => true,
      () => false,
    );
  }

  /**
   * Removes the note: the generation is open again, or another one takes its place. If the file cannot be removed, the
   * note stays set, so that the next call tries again.
   */
  async forget(): Promise<void> {
    if (!this.#isSet) return;
    await this.#folder.remove(WRITE_FAILED);
    this.#isSet = false;
  }
}
