/** Writes at full speed with followers attached. All nodes share this machine, so rates fall with each of them. */
import { measureTree } from '../measure/tree.js';
import { count, counts, question } from '../question.js';

export const chain = question({
  name: 'chain',
  sentence: 'What does a chain of followers cost, and how far behind is its end?',
  options: {
    followers: counts('followers, each of which follows the one before', [1, 2, 4]),
    seconds: count('of a round', 2, 5),
    rounds: count('rounds that count', 2, 5),
  },
  async measure({ followers, seconds, rounds }, run) {
    for (const many of followers) await measureTree({ followers: many, isChain: true, seconds, rounds }, run);
  },
});
