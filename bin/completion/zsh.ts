/** Completion for zsh, as a file of $fpath or sourced behind compinit. */
import { allCommands, type CompletedCommand, type CompletedOption, type Offer } from './command-tree.js';

export function zshScript(tree: CompletedCommand): string {
  return `#compdef headwater
# Completion of headwater for zsh, made by: headwater completion zsh
${allCommands(tree)
  .map((command) => functionOf(command))
  .join('\n')}
if [[ $funcstack[1] == _headwater ]]; then
  _headwater "$@"
else
  compdef _headwater headwater
fi
`;
}

function functionOf(command: CompletedCommand): string {
  const specs = command.options.map(optionSpec);
  if (command.commands.length === 0) {
    const places = command.arguments.map((offer, i) => {
      const isRepeated = command.isVariadic && i === command.arguments.length - 1;
      return quoted(`${isRepeated ? '*' : i + 1}:${argumentWord(offer)}:${action(offer)}`);
    });
    return `${nameOf(command)}() {\n  _arguments -S : \\\n${listed([...specs, ...places])}\n}`;
  }
  const names = command.commands.map(({ path, description }) => quoted(`${path.at(-1)}:${escaped(description)}`));
  const branches = command.commands.map((one) => `      ${one.path.at(-1)}) ${nameOf(one)} ;;`);
  return `${nameOf(command)}() {
  local context state state_descr line
  typeset -A opt_args
  _arguments -C -S : \\
${listed([...specs, quoted('1:command:->command'), quoted('*::argument:->arguments')])}
  case $state in
    command)
      local -a names=(
${names.map((name) => `        ${name}`).join('\n')}
      )
      _describe -t commands command names ;;
    arguments)
      case $words[1] in
${branches.join('\n')}
      esac ;;
  esac
}`;
}

function listed(specs: readonly string[]): string {
  return specs.map((spec) => `    ${spec}`).join(' \\\n');
}

function nameOf({ path }: CompletedCommand): string {
  return ['_headwater', ...path].join('_').replaceAll('-', '_');
}

/** An option excludes its own repetition by zsh's rules, whichever of its names is typed. */
function optionSpec({ names, description, value }: CompletedOption): string {
  const said = `[${escaped(description).replaceAll('[', '\\[').replaceAll(']', '\\]')}]`;
  const argument = value === undefined ? '' : `:${argumentWord(value)}:${action(value)}`;
  if (names.length === 1) return quoted(`${names[0]}${said}${argument}`);
  return `'(${names.join(' ')})'{${names.join(',')}}${quoted(`${said}${argument}`)}`;
}

function argumentWord(offer: Offer): string {
  return offer.kind === 'words' ? 'value' : offer.kind === 'nothing' ? 'text' : offer.kind;
}

function action(offer: Offer): string {
  switch (offer.kind) {
    case 'words':
      return `(${offer.words.join(' ')})`;
    case 'files':
      return '_files';
    case 'directories':
      return '_files -/';
    case 'nothing':
      // With no list at all, zsh would show an option that is typed in this place, and not insert it.
      return '( )';
  }
}

/** A colon ends a part of a specification. */
function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll(':', '\\:');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
