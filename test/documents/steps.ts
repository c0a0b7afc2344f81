/** The steps of a page: a block that is run, with the blocks that continue it and the output that the page shows. */
import { spawnSync } from 'node:child_process';
import { isInstalled, pythonWith } from '../support/installed.js';
import type { Block } from './pages.js';

/** The kinds of blocks that are run. A block `text` is only for reading. */
export const LANGUAGES = ['sh', 'js', 'ts', 'python', 'ruby', 'json'] as const;
export type Language = (typeof LANGUAGES)[number];

export interface Step {
  readonly language: Language;
  readonly line: number;
  /** The file that a program is, if its block names one: later programs import it. */
  readonly file?: string;
  /** A program has as many empty lines before it as the page has lines, so that an error names the line of the page. */
  readonly text: string;
  /** The output that the page shows below. */
  readonly expected?: string;
}

export function stepsOf(blocks: readonly Block[]): Step[] {
  const steps: Step[] = [];
  for (const block of blocks) {
    const last = steps.at(-1);
    if (block.language === 'text') {
      if (block.info !== 'output') continue;
      if (!last) throw new Error(`line ${block.line}: an output stands behind the block that prints it`);
      steps[steps.length - 1] = { ...last, expected: block.text };
    } else if (continues(block)) {
      if (last?.language !== block.language)
        throw new Error(`line ${block.line}: a program without an import continues the block before it`);
      steps[steps.length - 1] = { ...last, text: padded(last.text, block) };
    } else steps.push(stepOf(block));
  }
  return steps;
}

function stepOf(block: Block): Step {
  const { line, info } = block;
  return { language: languageOf(block), line, text: textOf(block), ...(info ? { file: info } : {}) };
}

function languageOf({ language, line }: Block): Language {
  const known = LANGUAGES.find((one) => one === language);
  if (!known) {
    const wanted = [...LANGUAGES, 'text'].join(', ');
    throw new Error(`line ${line}: expected a block in one of ${wanted}, received "${language}"`);
  }
  return known;
}

const MODULE = /^import\b|\brequire\(/m;

function continues({ language, info, text }: Block): boolean {
  return (language === 'js' || language === 'ts') && !MODULE.test(text) && !info;
}

function textOf(block: Block): string {
  return ['sh', 'json'].includes(block.language) ? block.text : padded('', block);
}

function padded(before: string, { line, text }: Block): string {
  const lines = before === '' ? 1 : before.split('\n').length;
  return `${before}${'\n'.repeat(line - lines)}${text}`;
}

export interface ShellCommand {
  readonly text: string;
  readonly line: number;
  /** The exit status that the page names: 0 if it names none. */
  readonly status: number;
  readonly prints?: string;
  /** Whether the command starts a node, or runs until Ctrl-C. */
  readonly isServe: boolean;
  readonly isLong: boolean;
}

const SERVE = /^(\w+=\S+ )*headwater serve\b/;
const LONG = /#.*\buntil Ctrl-C/;

/** The commands of a block. A command ends at the end of a line at which bash needs no more. */
export function commandsOf({ text, line }: Step): ShellCommand[] {
  const commands: ShellCommand[] = [];
  let open: string[] = [];
  for (const [index, one] of text.split('\n').entries()) {
    open.push(one);
    const command = open.join('\n');
    if (!isComplete(command)) continue;
    open = [];
    if (!command.trim() || /^\s*#/.test(command)) continue;
    commands.push(commandOf(command, line + index + 1 - command.split('\n').length));
  }
  if (open.length > 0) throw new Error(`line ${line}: bash finds no end of: ${open.join('\n')}`);
  return commands;
}

function commandOf(command: string, line: number): ShellCommand {
  const [, comment = ''] = /\s#\s*(.*)$/.exec(command) ?? [];
  const [, status = '0'] = /\bexit status (\d+)/.exec(comment) ?? [];
  const [, prints] = /\bprints (.*)$/.exec(comment) ?? [];
  const text = comment === '' ? command : command.slice(0, command.lastIndexOf('#')).trimEnd();
  const promised = prints === undefined ? {} : { prints };
  return { text, line, status: Number(status), ...promised, isServe: SERVE.test(command), isLong: LONG.test(command) };
}

function isComplete(command: string): boolean {
  if (command.endsWith('\\')) return false;
  const { status, stderr } = spawnSync('bash', ['-n'], { input: `${command}\n`, encoding: 'utf8' });
  return status === 0 && stderr === '';
}

/** The lines that a program promises in its comments, in order. */
export function promisesOf({ text }: Step): string[] {
  return [...text.matchAll(/(?:\/\/|#) prints (.*)$/gm)].map(([, line = '']) => line);
}

/** Commands that are for a checkout, and run for minutes or install software. Their words are checked instead. */
const NOT_RUN = /^(\w+=\S+ )*(npm|npx|sudo|apt-get|apt|pip|pip3|gem)\b/;

export function isNotRun(command: string): boolean {
  return NOT_RUN.test(command);
}

/** The scripts of package.json that a command names. */
export function scriptsOf(command: string): string[] {
  const named = [...command.matchAll(/\bnpm (?:run (?:--silent )?([\w:-]+)|(test)\b)/g)];
  return named.map(([, script, test]) => script ?? test ?? '');
}

/** The file of each benchmark that a command names. */
export function benchmarksOf(command: string): string[] {
  return [...command.matchAll(/\bnpm run bench -- ([\w-]+)/g)].map(([, name]) => `benchmarks/questions/${name}.ts`);
}

/** The Python that has grpcio. */
export const PYTHON = pythonWith('grpc') ?? 'python3';

/** Tools that not every machine has, each with a command that fails without it. */
const OPTIONAL: ReadonlyArray<readonly [use: RegExp, tool: string, probe: string]> = [
  [/^grpcurl\b/, 'grpcurl', 'command -v grpcurl'],
  [/^(npx )?buf\b/, 'buf', 'command -v buf'],
  [
    /^protoc\b/,
    'protoc with the plugins of gRPC',
    'command -v grpc_python_plugin && protoc -o /dev/null google/protobuf/any.proto',
  ],
  [/^grpc_tools_ruby_protoc\b/, 'protoc of Ruby', 'grpc_tools_ruby_protoc -o /dev/null google/protobuf/any.proto'],
  [/python3\b/, 'Python with grpcio', `${PYTHON} -c "import grpc"`],
  [/^ruby\b/, 'Ruby with grpc', 'ruby -e "require \'grpc\'"'],
];

const probed = new Map<string, boolean>();

/** Asks once: Python takes longer to load gRPC than most programs of a page run. */
function isThere(probe: string): boolean {
  const known = probed.get(probe) ?? isInstalled('bash', '-c', probe);
  probed.set(probe, known);
  return known;
}

/** The tool that this machine lacks for a command, or undefined. */
export function missingTool(command: string): string | undefined {
  for (const [use, tool, probe] of OPTIONAL) {
    if (!use.test(command)) continue;
    if (!isThere(probe)) return tool;
  }
  return undefined;
}
