/** The one place at which the HTTP port asks who may see a page. */
import type { IncomingMessage } from 'node:http';
import type { Answer } from './answer.js';

/** A caller that may see a page. */
export interface Pass {
  /**
   * Runs `task` when the caller's rights end, or at once if they have.
   * @returns a function that forgets the task.
   */
  onEnd(task: () => void): () => void;
}

export interface Guard {
  /** @returns a pass, or the refusal of a caller that may not see the page. */
  admit(request: IncomingMessage, path: string): Promise<Pass | Answer>;
}

/** The pass of everybody, where everybody may see everything. */
export const OPEN_PASS: Pass = { onEnd: () => () => {} };

export function isPass(admitted: Pass | Answer): admitted is Pass {
  return 'onEnd' in admitted;
}
