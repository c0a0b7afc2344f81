/** `completion` and `man`: what other programs show of the commands, made from the tree of commands. */
import type { Command } from 'commander';
import { offering, parseChoice } from './arguments.js';
import { EXIT, write } from './output.js';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

const AFTER_HELP = `
bash:  headwater completion bash > ~/.local/share/bash-completion/completions/headwater
       or, in ~/.bashrc:  source <(headwater completion bash)
zsh:   headwater completion zsh > DIR/_headwater, where DIR is one of $fpath
       or, in ~/.zshrc behind compinit:  source <(headwater completion zsh)
fish:  headwater completion fish > ~/.config/fish/completions/headwater.fish`;

/** @param tree makes the tree of commands. */
export function addCompletionCommands(program: Command, tree: () => Command): void {
  program.commandsGroup('Help:');
  program
    .command('completion')
    .argument(`<${SHELLS.join('|')}>`, 'the shell', offering(SHELLS, parseChoice(SHELLS)))
    .description('print the script that makes Tab complete commands, options and values in a shell')
    .addHelpText('after', AFTER_HELP)
    .action(async (shell: (typeof SHELLS)[number]) => {
      const { completionScript } = await import('./late-commands.js');
      await write(completionScript(shell, tree()));
      process.exitCode = EXIT.DONE;
    });
  program
    .command('man')
    .description('print the manual page: headwater man | man -l -')
    .action(async () => {
      const { manualPage } = await import('./late-commands.js');
      await write(manualPage(tree()));
      process.exitCode = EXIT.DONE;
    });
}
