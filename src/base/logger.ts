/**
 * The messages of the parts of a node to its operator. The composition root passes in pino; tests pass in a recorder. A
 * message is a sentence for a person at three in the morning; the fields are for programs. No message has values or
 * tokens in it.
 */

export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
