/**
 * Assertions: conditions that hold unless Headwater itself has a bug. A failed assertion throws, and the handler at the
 * top stops the node. To continue in an impossible state would write it to disk and send it to followers.
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
