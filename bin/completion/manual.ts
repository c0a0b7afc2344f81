/**
 * The manual page, in the macros of man(7), made from the texts of the help. The build writes it into the package, so
 * `man headwater` works after an install with `npm install -g`.
 */
import { type Argument, type Command, Help, type Option } from 'commander';
import { VERSION } from '../../src/version.js';

export function manualPage(program: Command): string {
  const groups = groupsOf(program.commands);
  return [
    `.TH HEADWATER 1 "" "headwater ${VERSION}" "User Commands"`,
    '.SH NAME',
    `headwater \\- ${text(lowerFirst(program.description().replace(/\.$/, '')))}`,
    '.SH SYNOPSIS',
    '.B headwater',
    '.RI [ OPTIONS ]',
    '.I COMMAND',
    '.RI [ ARGUMENTS ]',
    '.SH DESCRIPTION',
    text(program.description()),
    '.PP',
    ...afterHelp(program),
    '.SH OPTIONS',
    'Every command that talks to a node takes these options, before or behind its name.',
    ...program.options.flatMap(optionLines),
    '.SH COMMANDS',
    ...[...groups].flatMap(([name, commands]) => [
      `.SS ${text(name.replace(/:$/, ''))}`,
      ...commands.flatMap((command) => commandLines(command, [])),
    ]),
    '.SH ENVIRONMENT',
    ...environment(program),
    '.SH FILES',
    '.TP',
    '.I ~/.local/state/headwater/history',
    'The history of the shell, under',
    '.B $XDG_STATE_HOME',
    'if it is set.',
    '.TP',
    '.I ~/.cache/headwater/',
    'Compiled code of commands, which makes them start faster, under',
    '.B $XDG_CACHE_HOME',
    'if it is set. NODE_DISABLE_COMPILE_CACHE=1 turns it off.',
    '.SH SEE ALSO',
    text('The README files of the package; headwater help COMMAND.'),
    '',
  ].join('\n');
}

function commandLines(command: Command, above: readonly string[]): string[] {
  const path = [...above, command.name()];
  if (command.commands.length > 0) return command.commands.flatMap((one) => commandLines(one, path));
  const own = command.options.filter((option) => !option.hidden);
  const explained = command.registeredArguments.filter(({ description }) => description !== '');
  return [
    '.TP',
    `.B headwater ${text(`${path.join(' ')} ${command.usage()}`)}`,
    text(sentence(command.description())),
    ...(own.length + explained.length > 0
      ? ['.RS', ...explained.flatMap(argumentLines), ...own.flatMap(optionLines), '.RE']
      : []),
    ...afterHelp(command).flatMap((line, i) => (i === 0 ? ['.IP', line] : [line])),
  ];
}

function argumentLines(argument: Argument): string[] {
  return ['.TP', `.I ${text(argument.name())}`, text(sentence(HELP.argumentDescription(argument)))];
}

/** The words of the help, with the default and the environment variable. */
function optionLines(option: Option): string[] {
  return ['.TP', `.B ${text(option.flags)}`, text(sentence(HELP.optionDescription(option)))];
}

const HELP = new Help();

/** The text behind the help, as it stands. Commander hands it out only with the help. */
function afterHelp(command: Command): string[] {
  let printed = '';
  const before = command.configureOutput();
  command.configureOutput({ ...before, writeOut: (part) => (printed += part), getOutHasColors: () => false });
  command.outputHelp();
  command.configureOutput(before);
  const after = printed.slice(command.helpInformation().length).trim();
  return after === '' ? [] : ['.nf', ...after.split('\n').map(text), '.fi'];
}

function environment(program: Command): string[] {
  const own = program.options.filter(({ envVar }) => envVar !== undefined);
  const serve = program.commands.find((command) => command.name() === 'serve');
  return [
    ...own.flatMap(({ envVar, long }) => [
      '.TP',
      `.B ${envVar}`,
      text(`The value of ${long}, unless the option is given.`),
    ]),
    ...(serve
      ? ['.TP', '.B HEADWATER_…', text('An option of serve: HEADWATER_MAX_KEY_BYTES for --max-key-bytes.')]
      : []),
    '.TP',
    '.BR NO_COLOR ", " FORCE_COLOR',
    'Whether a terminal gets colours.',
  ];
}

/** Groups in the order of the help. */
function groupsOf(commands: readonly Command[]): Map<string, Command[]> {
  const groups = new Map<string, Command[]>();
  for (const command of commands) {
    const name = command.helpGroup() || 'Commands:';
    groups.set(name, [...(groups.get(name) ?? []), command]);
  }
  return groups;
}

/** A line of text: nothing in it is a macro or an escape, and a hyphen can be copied into a shell. */
function text(line: string): string {
  const escaped = line.replaceAll('\\', '\\e').replaceAll('-', '\\-').replaceAll('"', '\\(dq');
  return /^[.']/.test(escaped) ? `\\&${escaped}` : escaped;
}

function sentence(words: string): string {
  const begin = `${words.slice(0, 1).toUpperCase()}${words.slice(1)}`;
  return /[.!?]$/.test(begin) ? begin : `${begin}.`;
}

function lowerFirst(words: string): string {
  return `${words.slice(0, 1).toLowerCase()}${words.slice(1)}`;
}
