/**
 * Assertions: what must be true unless Headwater itself has a bug. They throw,
 * and whoever catches at the top stops the node: going on with a state that
 * cannot be would write it to disk and send it to followers.
 */

export class InvariantViolation extends Error {
  constructor(message: string) {
    super(`invariant violated: ${message}`);
    this.name = 'InvariantViolation';
  }
}

export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantViolation(message);
}
