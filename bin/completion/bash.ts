/** Completion for bash 3.2 and later. The script needs no package of its own. */
import { allCommands, type CompletedCommand, type Offer } from './command-tree.js';

export function bashScript(tree: CompletedCommand): string {
  const commands = allCommands(tree);
  return `# Completion of headwater for bash, made by: headwater completion bash
_headwater() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} command= word option= given=0 i
  COMPREPLY=()
  # bash takes "--name=value" for three words, and "host:port" too.
  if [[ $current == : || $before == : ]]; then return; fi
  if [[ $current == = ]]; then current=; elif [[ $before == = ]]; then before=\${COMP_WORDS[COMP_CWORD-2]}; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ $word == = ]]; then continue; fi
    if [[ $word == : ]]; then i=$((i + 1)); continue; fi
    if [[ -n $option ]]; then option=; continue; fi
    case "$command $word" in
${cases(commands, namePattern, ({ path }) => `command=${quoted(path.join(' '))}`)}
      *' -'*)
        case "$command $word" in
${cases(commands, valuePatterns, () => 'option=1')}
        esac ;;
      *) given=$((given + 1)) ;;
    esac
  done
  case "$command $before" in
${optionValues(commands)}
  esac
  if [[ $current == -* ]]; then
    case $command in
${commands.map(({ path, options }) => `      ${quoted(path.join(' '))}) _headwater_words ${options.flatMap(({ names }) => names).join(' ')} ;;`).join('\n')}
    esac
    return
  fi
  case "$command $given" in
${commands.flatMap(argumentCases).join('\n')}
  esac
}
_headwater_words() { COMPREPLY=($(compgen -W "$*" -- "$current")); }
_headwater_files() { compopt -o filenames 2>/dev/null; local IFS=$'\\n'; COMPREPLY=($(compgen "$1" -- "$current")); }
complete -F _headwater headwater
`;
}

function quoted(text: string): string {
  return `'${text}'`;
}

/** The lines of a case: a line for each command that has a pattern. */
function cases(
  commands: readonly CompletedCommand[],
  pattern: (command: CompletedCommand) => string | undefined,
  action: (command: CompletedCommand) => string,
): string {
  return commands
    .flatMap((command) => {
      const found = pattern(command);
      return found === undefined ? [] : [`      ${found}) ${action(command)} ;;`];
    })
    .join('\n');
}

/** The words before the name, and the name. */
function namePattern({ path }: CompletedCommand): string | undefined {
  return path.length === 0 ? undefined : quoted(`${path.slice(0, -1).join(' ')} ${path.at(-1)}`);
}

function valuePatterns({ path, options }: CompletedCommand): string | undefined {
  const names = options.filter(({ value }) => value !== undefined).flatMap(({ names }) => names);
  return names.length === 0 ? undefined : names.map((name) => quoted(`${path.join(' ')} ${name}`)).join('|');
}

function optionValues(commands: readonly CompletedCommand[]): string {
  return commands
    .flatMap(({ path, options }) =>
      options.flatMap(({ names, value }) =>
        value === undefined
          ? []
          : [`    ${names.map((name) => quoted(`${path.join(' ')} ${name}`)).join('|')}) ${offered(value)}; return ;;`],
      ),
    )
    .join('\n');
}

function argumentCases({ path, arguments: offers, isVariadic, commands }: CompletedCommand): string[] {
  const command = path.join(' ');
  if (commands.length > 0)
    return [`    ${quoted(`${command} 0`)}) _headwater_words ${commands.map(({ path }) => path.at(-1)).join(' ')} ;;`];
  return offers.flatMap((offer, i) => {
    if (offer.kind === 'nothing') return [];
    const place = isVariadic && i === offers.length - 1 ? `${quoted(`${command} `)}*` : quoted(`${command} ${i}`);
    return [`    ${place}) ${offered(offer)} ;;`];
  });
}

function offered(offer: Offer): string {
  switch (offer.kind) {
    case 'words':
      return `_headwater_words ${offer.words.join(' ')}`;
    case 'files':
      return '_headwater_files -f';
    case 'directories':
      return '_headwater_files -d';
    case 'nothing':
      return ':';
  }
}
