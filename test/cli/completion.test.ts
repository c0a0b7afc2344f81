/** Completion in the shells themselves, and the manual page. A shell that is not installed is skipped, visibly. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isInstalled, skipUnless } from '../support/installed.js';
import { hasTerminal, Terminal } from '../support/terminal.js';
import { endAll, headwater, temporaryDirectory } from './command-line.js';

const ROOT = path.join(import.meta.dirname, '..', '..');

/** Each line, and what Tab offers at its end, sorted. The files are those of `directory`. */
const CASES: ReadonlyArray<readonly [line: string, offers: readonly string[]]> = [
  ['sta', ['status']],
  ['status --wat', ['--watch']],
  ['--json sta', ['status']],
  ['--connect 127.0.0.1:1 sta', ['status']],
  ['--connect 127.0.0.1:1 log ', ['dump']],
  ['--connect 127.0.0.1:1 import mon', ['monday.jsonl']],
  ['-p 7421 sta', ['status']],
  ['log ', ['dump']],
  ['log du', ['dump']],
  ['log dump --da', ['--data']],
  ['get --max', ['--max-staleness']],
  ['get sta', []],
  ['serve --fsync ', ['always', 'everysec', 'never']],
  ['serve --fsync ev', ['everysec']],
  ['serve --tim', []],
  ['set k v --durability f', ['followers=1', 'followers_synced=1']],
  ['completion z', ['zsh']],
  ['help sta', ['status']],
  ['import mon', ['monday.jsonl']],
  ['serve --data mon', ['monday']],
  ['verify --data mon', ['monday']],
  ['watch --pre', ['--prefix']],
  ['user create x --role re', ['read', 'replicate']],
  ['config set max-l', ['max-lag']],
  ['config get fs', ['fsync']],
];

describe('completion', function () {
  this.timeout(60_000);
  let directory = '';
  const scripts: Record<string, string> = {};

  before(async () => {
    directory = temporaryDirectory();
    for (const shell of ['bash', 'zsh', 'fish']) {
      const { status, stdout, stderr } = await headwater(['completion', shell]);
      assert.deepEqual([status, stderr], [0, '']);
      scripts[shell] = path.join(directory, `script.${shell}`);
      writeFileSync(scripts[shell], stdout);
    }
    mkdirSync(path.join(directory, 'monday'));
    writeFileSync(path.join(directory, 'monday.jsonl'), '');
  });
  after(endAll);

  function run(program: string, args: readonly string[], env: Record<string, string> = {}): string[] {
    const { status, stdout, stderr } = spawnSync(program, args, {
      cwd: directory,
      encoding: 'utf8',
      env: { PATH: process.env.PATH, HOME: directory, ...env },
    });
    assert.deepEqual([status, stderr], [0, ''], `${program} ${args.join(' ')}`);
    return stdout.split('\n').filter(Boolean);
  }

  for (const [line, offers] of CASES) {
    it(`bash offers the right words for "headwater ${line}"`, function () {
      skipUnless(this, isInstalled('bash', '-c', 'true'), 'bash');
      // As bash splits a line: at blanks, and before and behind an equals sign or a colon.
      const words = ['headwater', ...line.split(/[ ]|(?<=[=:])|(?=[=:])/)];
      const program = `source ${scripts.bash}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _headwater; printf '%s\\n' "\${COMPREPLY[@]}"`;
      const offered = run('bash', ['--norc', '-c', program, 'bash', ...words]);
      // Where files are asked for, a directory is on the way to one.
      const expected = line.includes('import') ? ['monday', ...offers] : offers;
      assert.deepEqual(offered.toSorted(), expected.toSorted());
    });

    it(`fish offers the right words for "headwater ${line}"`, function () {
      skipUnless(this, isInstalled('fish', '-N', '-c', 'true'), 'fish');
      const program = `source ${scripts.fish}; complete -C 'headwater ${line}'`;
      const offered = run('fish', ['-N', '-c', program], { XDG_DATA_HOME: directory, XDG_CONFIG_HOME: directory });
      const words = offered
        .map((one) => one.split('\t')[0]?.replace(/\/$/, '') ?? '')
        .filter((one) => !one.startsWith('script'));
      const expected = line.includes('import') ? ['monday', ...offers] : offers;
      assert.deepEqual(words.toSorted(), expected.toSorted());
    });
  }

  it('bash offers the values of an option that is written with an equals sign', function () {
    skipUnless(this, isInstalled('bash', '-c', 'true'), 'bash');
    const program = `source ${scripts.bash}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _headwater; printf '%s\\n' "\${COMPREPLY[@]}"`;
    for (const [words, offers] of [
      [
        ['--fsync', '='],
        ['always', 'everysec', 'never'],
      ],
      [['--fsync', '=', 'al'], ['always']],
    ] as const)
      assert.deepEqual(run('bash', ['--norc', '-c', program, 'bash', 'headwater', 'serve', ...words]), offers);
  });

  it('zsh completes commands, options, values and files', async function () {
    skipUnless(this, hasTerminal && isInstalled('zsh', '-f', '-c', 'true'), 'zsh and tmux');
    const terminal = new Terminal(['zsh', '-f'], { env: { HOME: directory, PS1: '> ' }, columns: 100 });
    try {
      await terminal.shows(/^>/m);
      terminal.press(
        `cd ${directory}; autoload -U compinit; compinit -u -D; source ${scripts.zsh}; echo read''y`,
        'Enter',
      );
      await terminal.shows(/^ready$/m);
      const completed: ReadonlyArray<readonly [typed: string, shown: string]> = [
        ['headwater sta', 'headwater status '],
        ['headwater --connect a:1 sta', 'headwater --connect a:1 status '],
        ['headwater serve --fsync ev', 'headwater serve --fsync everysec '],
        ['headwater get --max', 'headwater get --max-staleness '],
        ['headwater log du', 'headwater log dump '],
        ['headwater completion z', 'headwater completion zsh '],
        ['headwater import monday.', 'headwater import monday.jsonl '],
        ['headwater serve --data mon', 'headwater serve --data monday'],
      ];
      for (const [typed, shown] of completed) {
        terminal.press('C-l', typed, 'Tab', '@');
        await terminal.shows(new RegExp(`^> ${shown.replaceAll('.', '\\.')}/?@`, 'm'));
        terminal.press('C-u');
      }
      terminal.press('C-l', 'headwater log ', 'Tab', '@');
      await terminal.shows(/^> headwater log dump @/m);
    } finally {
      terminal.close();
    }
  });

  it('is refused for another shell, with status 2', async () => {
    const { status, stderr } = await headwater(['completion', 'tcsh']);
    assert.equal(status, 2);
    assert.match(stderr, /Expected one of bash, zsh, fish, received "tcsh"/);
  });
});

describe('the manual page', function () {
  this.timeout(60_000);

  it('is in the package, under the name that npm links', async () => {
    const { man } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { man: string[] };
    assert.deepEqual(man, ['./dist/man/headwater.1']);
    const { stdout } = await headwater(['man']);
    assert.equal(readFileSync(path.join(ROOT, man[0] as string), 'utf8'), stdout.toString());
  });

  it('has every command, every option and the exit statuses, as man shows it', async function () {
    skipUnless(this, isInstalled('man', '--version'), 'man-db');
    const { stdout } = await headwater(['man']);
    const { stdout: shown, stderr } = spawnSync('man', ['-l', '-'], {
      input: stdout,
      encoding: 'utf8',
      env: { ...process.env, MANWIDTH: '200', MAN_KEEP_FORMATTING: '', LC_ALL: 'C.UTF-8' },
    });
    assert.equal(stderr, '');
    const help = (await headwater(['--help'])).stdout.toString();
    const commands = [...help.slice(help.indexOf('Commands:')).matchAll(/^ {2}([a-z]+) /gm)].map(([, name]) => name);
    assert(commands.length > 30, commands.join());
    for (const name of commands) assert.match(shown, new RegExp(`^ +headwater ${name}\\b`, 'm'));
    for (const words of ['--max-key-bytes <SIZE>', 'HEADWATER_CONNECT', 'NO_COLOR', '2  wrong usage'])
      assert(shown.includes(words), words);
    for (const words of [
      'The requests of each test (default: 100000).',
      'The node to use; of several, or of a cluster (headwater+etcd://HOST:PORT,…/NAME), the one that leads (default: 127.0.0.1:7420, env: HEADWATER_CONNECT).',
      'The value; - for the bytes of stdin.',
    ])
      assert(shown.includes(words), words);
    assert(shown.includes('headwater log dump [options] [FILE]'), 'a command below another');
  });

  it('has the commands in the groups of the help, a group for each purpose', async () => {
    const { stdout } = await headwater(['man']);
    const groups = new Map(
      stdout
        .toString()
        .split(/^\.SS /m)
        .map((group) => [
          /^.*/.exec(group)?.[0],
          [...group.matchAll(/^\.B headwater ([a-z]+)/gm)].map(([, name]) => name),
        ]),
    );
    assert.deepEqual([...new Set(groups.get('Users and certificates'))], ['user', 'cert']);
    for (const name of ['config', 'compare', 'log', 'id', 'verify', 'repair', 'doctor'])
      assert(groups.get('Nodes')?.includes(name), name);
  });

  it('has no fault that mandoc finds', async function () {
    skipUnless(this, isInstalled('mandoc', '-Tutf8', '/dev/null'), 'mandoc');
    const { stdout } = await headwater(['man']);
    const { stdout: faults } = spawnSync('mandoc', ['-Tlint', '-W', 'warning'], { input: stdout, encoding: 'utf8' });
    assert.deepEqual(
      faults.split('\n').filter((line) => line !== '' && !line.includes('missing date')),
      [],
    );
  });
});
