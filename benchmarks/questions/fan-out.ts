/** Writes at full speed with followers attached. All nodes share this machine, so rates fall with each of them. */
import { measureTree } from '../measure/tree.js';
import { count, counts, question } from '../question.js';

export const fanOut = question({
  name: 'fan-out',
  sentence: 'What does each further follower cost its leader?',
  options: {
    followers: counts('followers of one leader', [1, 2, 4, 8]),
    seconds: count('of a round', 2, 5),
    rounds: count('rounds that count', 2, 5),
  },
  async measure({ followers, seconds, rounds }, run) {
    for (const many of followers) await measureTree({ followers: many, isChain: false, seconds, rounds }, run);
  },
});
