/**
 * What the parts of a node say to its operator. The composition root hands in
 * pino; tests hand in a recorder. A message is a sentence for a person at three
 * in the morning; the fields are for programs. No values, no tokens.
 */

export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
