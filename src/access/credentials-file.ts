/**
 * The file with the user of this node at other nodes. The node reads the file at each call, so a secret that was rotated
 * takes effect without a restart: write the new file, and the next attempt of the link has it.
 */
import { readFileSync } from 'node:fs';
import { HeadwaterError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { systemReason } from '../base/system-errors.js';
import { authorizationOf, parseCredentials, shownFile } from './credentials.js';

export class CredentialsFile {
  readonly #file: string;
  readonly #logger: Logger;

  /**
   * @param logger suppresses lines that repeat.
   * @throws HeadwaterError `invalid_argument` if the file cannot be read, or has another form.
   */
  constructor(file: string, logger: Logger) {
    this.#file = file;
    this.#logger = logger;
    this.#read();
  }

  /** The text of `authorization`. Undefined if the file cannot be read now. */
  authorization(): string | undefined {
    try {
      return this.#read();
    } catch (error) {
      const { message } = HeadwaterError.from(error);
      this.#logger.warn({ file: this.#file }, `${message}. The node calls other nodes without a user`);
      return undefined;
    }
  }

  #read(): string {
    return authorizationOf(parseCredentials(textOf(this.#file), this.#file));
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new HeadwaterError(
      'invalid_argument',
      `upstream-credentials: expected a file with USER:SECRET that can be read, received ${shownFile(file)}: ${systemReason(error)}`,
      { cause: shownFile(file) === file ? error : undefined },
    );
  }
}
