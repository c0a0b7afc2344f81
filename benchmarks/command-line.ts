/** The command line of the suite, made from the table of questions. */
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Question, QuestionOption } from './question.js';

export interface Choice {
  readonly question: Question;
  readonly options: Readonly<Record<string, unknown>>;
}

export interface Outputs {
  readonly json?: string | undefined;
  readonly plot?: string | undefined;
}

type Ask = (choices: readonly Choice[], outputs: Outputs) => Promise<void>;

interface Flags extends Outputs {
  readonly thorough?: true;
  readonly [option: string]: unknown;
}

export function commandLine(questions: readonly Question[], ask: Ask): Command {
  const program = new Command('npm run bench --').description('Headwater measured, beside Redis where it is installed');
  for (const question of questions) {
    const command = withOutputs(program.command(question.name).description(question.sentence));
    for (const [name, option] of Object.entries(question.options)) command.addOption(flagOf(name, option));
    command.action((flags: Flags) => ask([{ question, options: chosen(question, flags) }], flags));
  }
  withOutputs(program.command('all').description('every question, one after the other')).action((flags: Flags) =>
    ask(
      questions.map((question) => ({
        question,
        options: chosen(question, { ...(flags.thorough && { thorough: true }) }),
      })),
      flags,
    ),
  );
  return program;
}

function withOutputs(command: Command): Command {
  return command
    .option('--thorough', 'the long form, which takes many minutes')
    .option('--json <file>', 'write all figures of all rounds to this file')
    .option('--plot <directory>', 'write an SVG of each question into this directory');
}

function flagOf(name: string, { description, quick, thorough, parse }: QuestionOption): Option {
  const dashed = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const presets = `${quick}` === `${thorough}` ? `${quick}` : `${quick}, thorough: ${thorough}`;
  return new Option(`--${dashed} <value>`, `${description} (default: ${presets})`).argParser((text) => {
    try {
      return parse(text);
    } catch (error) {
      throw new InvalidArgumentError((error as Error).message);
    }
  });
}

function chosen(question: Question, flags: Partial<Flags>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(question.options).map(([name, { quick, thorough }]) => [
      name,
      flags[name] ?? (flags.thorough ? thorough : quick),
    ]),
  );
}
