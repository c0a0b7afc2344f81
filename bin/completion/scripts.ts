/** The completion scripts, by the shell. */
import type { Command } from 'commander';
import { bashScript } from './bash.js';
import { completedTree } from './command-tree.js';
import { fishScript } from './fish.js';
import { zshScript } from './zsh.js';

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

export function completionScript(shell: keyof typeof SCRIPTS, program: Command): string {
  return SCRIPTS[shell](completedTree(program));
}
