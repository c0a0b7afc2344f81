/**
 * Offers of leadership (grants), and this node's answers to them. An answer is durable before it is given, so that no
 * crash lets a node act on an offer that it has refused.
 */
import { GRANTS_KEPT_MAX } from '../base/limits.js';
import type { Grants, NodeFile } from './node-record.js';

const NONE: Grants = { taken: [], refused: [] };

export class GrantBook {
  readonly #node: NodeFile;
  readonly #randomBytes: (count: number) => Buffer;

  constructor(node: NodeFile, randomBytes: (count: number) => Buffer) {
    this.#node = node;
    this.#randomBytes = randomBytes;
  }

  /** The answers of this node to those that handed over to it. */
  get answers(): Grants {
    return this.#node.record.grants ?? NONE;
  }

  /** Returns a unique name for one attempt to hand the leadership over. */
  draw(): string {
    return this.#randomBytes(16).toString('hex');
  }

  /** Binds this node, durably, never to act on a grant of leadership that it has not acted on. */
  async refuse(grant: string): Promise<void> {
    if (this.answers.refused.includes(grant)) return;
    await this.#node.update(({ grants: { taken, refused } = NONE }) => ({
      grants: { taken, refused: [...refused, grant].slice(-GRANTS_KEPT_MAX) },
    }));
  }

  /** Returns the answers with one more grant taken, for the change that makes this node lead. */
  with(grant: string): Grants {
    const { taken, refused } = this.answers;
    return { taken: [...taken, grant].slice(-GRANTS_KEPT_MAX), refused };
  }
}
