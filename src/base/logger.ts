/**
 * The messages of the parts of a node to its operator. The composition root passes in pino; tests pass in a recorder. A
 * message is a sentence for a person at three in the morning; the fields are for programs. No message has values or
 * tokens in it.
 */

/** Receives the messages of a node. `fields` are for programs, and `message` is a sentence for people. */
export interface Logger {
  /** A message for those who look for a fault. */
  debug(fields: object, message: string): void;
  /** A message about the normal course. */
  info(fields: object, message: string): void;
  /** A message about a condition that somebody should look at. */
  warn(fields: object, message: string): void;
  /** A message about a failure. */
  error(fields: object, message: string): void;
}

export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
