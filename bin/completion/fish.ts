/** Completion for fish 3 and later. */
import { allCommands, type CompletedCommand, type CompletedOption, type Offer } from './command-tree.js';

export function fishScript(tree: CompletedCommand): string {
  const commands = allCommands(tree);
  const names = commands.filter(({ path }) => path.length > 0).map(({ path }) => quoted(path.join(' ')));
  const valued = commands.flatMap(({ path, options }) =>
    options
      .filter(({ value }) => value !== undefined)
      .flatMap((option) => option.names.map((name) => quoted([...path, name].join(' ')))),
  );
  return `# Completion of headwater for fish, made by: headwater completion fish
function __headwater_command
    set -l command
    set -l is_value 0
    for word in (commandline -opc)[2..-1]
        if test $is_value = 1
            set is_value 0
            continue
        end
        set -l longer $command $word
        if contains -- "$longer" ${valued.join(' ')}
            set is_value 1
        else if string match -q -- '-*' $word
            continue
        else if contains -- "$longer" ${names.join(' ')}
            set command $longer
        else
            break
        end
    end
    echo "$command"
end
complete -c headwater -f
${commands.flatMap(linesOf).join('\n')}
`;
}

function linesOf(command: CompletedCommand): string[] {
  const { path, options, arguments: offers, commands } = command;
  const begin = `complete -c headwater -n ${quoted(`test (__headwater_command) = "${path.join(' ')}"`)}`;
  return [
    ...commands.map((one) => `${begin} -a ${one.path.at(-1)} -d ${quoted(one.description)}`),
    ...options.map((option) => `${begin} ${optionWords(option)}`),
    ...offers.flatMap((offer) => (offer.kind === 'nothing' ? [] : [`${begin} ${offerWords(offer)}`])),
  ];
}

function optionWords({ names, description, value }: CompletedOption): string {
  const flags = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`)).join(' ');
  const offer = value === undefined ? '' : ` -r ${offerWords(value)}`;
  return `${flags}${offer} -d ${quoted(description)}`;
}

function offerWords(offer: Offer): string {
  switch (offer.kind) {
    case 'words':
      return `-f -a ${quoted(offer.words.join(' '))}`;
    case 'files':
      return '-F';
    case 'directories':
      return '-f -a "(__fish_complete_directories)"';
    case 'nothing':
      return '-f';
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
