/** The runner of the blocks, on pages made for it: a block that fails, or cannot be run, is a failure. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { eventually } from '../../benchmarks/waiting.js';
import { TIME_MS_MAX } from './page-blocks.js';
import { agrees, blocksOf, pageNames, ROOT, readPage } from './pages.js';
import { Reader } from './reader.js';
import { commandsOf, type Step, stepsOf } from './steps.js';
import { isAlive, type Terminal, terminalFor } from './terminal.js';

function page(...blocks: string[]): Step[] {
  return stepsOf(blocksOf(blocks.join('\n\n')));
}

function block(language: string, ...lines: string[]): string {
  return ['```', language, '\n', lines.join('\n'), '\n```'].join('');
}

const PAGES = path.join(import.meta.dirname, 'pages');

describe('the pages', () => {
  it('are each run by one test file', () => {
    const files = readdirSync(PAGES).map((name) => readFileSync(path.join(PAGES, name), 'utf8'));
    const run = files.flatMap((text) =>
      [...text.matchAll(/'((?:[\w-]+\/)*README\.md)'/g)].map(([, page = '']) => page),
    );
    const pages = pageNames().filter((page) => stepsOf(blocksOf(readPage(page))).length > 0);
    assert(pages.length > 5, pages.join());
    assert.deepEqual(run.toSorted(), pages.toSorted());
  });
});

describe('the steps of a page', () => {
  it('are its blocks, those in comments too, but none that is only for reading', () => {
    const steps = page('# A', block('sh', 'one'), `<!--\n${block('sh', 'two')}\n-->`, block('text', 'three'));
    assert.deepEqual(
      steps.map(({ line, text }) => [line, text]),
      [
        [4, 'one'],
        [9, 'two'],
      ],
    );
  });

  it('have the output that follows, and the programs that continue them, at their lines', () => {
    const [step, ...others] = page(block('js', "import 'a';"), 'and', block('js', 'b();'), block('text output', 'c'));
    assert.deepEqual(others, []);
    assert.deepEqual(step, { language: 'js', line: 2, text: "\nimport 'a';\n\n\n\n\n\nb();", expected: 'c' });
  });

  it('are refused if they have no end, an unknown language, or nothing to continue', () => {
    assert.throws(() => page('```sh\none'), /line 2 has no end/);
    assert.throws(() => page(block('shell', 'one')), /line 2: expected .*"shell"/);
    assert.throws(() => page(block('', 'one')), /line 2: expected .*""/);
    assert.throws(() => page(block('sh', 'one'), block('js', 'b();')), /line 6: a program without an import/);
    assert.throws(() => page(block('text output', 'one')), /line 2: an output/);
  });

  it('have commands over several lines, with what the page says of each', () => {
    const lines = [
      '# first',
      'a 1 \\',
      '  2',
      '',
      "cat > b <<'END'",
      'x # y',
      'END',
      'c # exit status 3',
      'd # prints e f',
    ];
    const [step] = page(block('sh', ...lines, 'headwater serve --data x', 'tail -f b   # until Ctrl-C'));
    const commands = commandsOf(step as Step);
    assert.deepEqual(
      commands.map(({ text, line }) => [line, text]),
      [
        [3, 'a 1 \\\n  2'],
        [6, "cat > b <<'END'\nx # y\nEND"],
        [9, 'c'],
        [10, 'd'],
        [11, 'headwater serve --data x'],
        [12, 'tail -f b'],
      ],
    );
    assert.deepEqual(
      commands.map(({ status, prints, isLong, isServe }) => [status, prints, isServe || isLong]),
      [
        [0, undefined, false],
        [0, undefined, false],
        [3, undefined, false],
        [0, 'e f', false],
        [0, undefined, true],
        [0, undefined, true],
      ],
    );
  });

  it('show an output in which … stands for anything', () => {
    assert(agrees('offset …\n…\nend', 'offset 1041 \na\nb\nend\n'));
    assert(agrees('a\n…', 'a'));
    assert(!agrees('offset …', 'offset 1\nmore'));
    assert(!agrees('a.c', 'abc'));
    assert(!agrees('…\nend\n…', 'a line\n'.repeat(2_000)));
  });
});

describe('a reader', function () {
  this.timeout(60_000);
  let terminal: Terminal;
  let reader: Reader;

  before(async function () {
    this.timeout(TIME_MS_MAX);
    terminal = await terminalFor(this);
    reader = new Reader(terminal, 'a page');
  });
  after(() => terminal?.close());

  async function read(...blocks: string[]): Promise<void> {
    for (const step of page(...blocks)) await reader.do(step);
  }

  it('keeps variables and files from block to block', async () => {
    await read(block('sh', 'a=1', 'echo 2 > file'), block('sh', 'echo $a $(cat file) # prints 1 2'));
  });

  it('fails at a command whose exit status or output is not that of the page', async () => {
    await assert.rejects(read(block('sh', 'true', 'false')), /a page:3: false: exit status 1/);
    await assert.rejects(read(block('sh', 'true # exit status 3')), /a page:2: true: exit status 0/);
    await assert.rejects(read(block('sh', 'headwater no-such-command')), /exit status 2/);
    await assert.rejects(read(block('sh', 'echo a # prints b')), /expected "b", received:\na/);
    await assert.rejects(read(block('sh', 'echo a'), block('text output', 'b')), { actual: 'a', expected: 'b' });
  });

  it('fails at a program that fails, does not compile, or prints something else', async () => {
    await assert.rejects(read(block('js', "import 'no-such-package';")), /no-such-package/);
    await assert.rejects(read(block('ts', "import 'node:fs';", "const a: number = 'b';")), /line-2\.mts.*TS2322/s);
    const program = ["import assert from 'node:assert';", "console.log('a'); // prints b"];
    await assert.rejects(read(block('js', ...program)), /expected the program to print "b", received:\na/);
    await assert.rejects(read(block('json', '{')), SyntaxError);
  });

  it('compiles the programs of a page at once, and finds a fault at its step', async () => {
    const imported = "import 'node:fs';";
    const good = page(
      block('ts', imported, 'const a: number = 1;'),
      block('ts', imported, 'console.log(2); // prints 2'),
    );
    await reader.prepare(good);
    for (const step of good) await reader.do(step);
    const [first, second] = page(block('ts', imported), block('ts', imported, "const a: number = 'b';"));
    await reader.prepare([first as Step, second as Step]);
    await reader.do(first as Step);
    await assert.rejects(reader.do(second as Step), /line-6\.mts.*TS2322/s);
  });

  it('keeps a program under the name that its block gives, for the programs behind it', async () => {
    const module = block('js one.mjs', 'export const one = 1;');
    await read(module, block('js', "import { one } from './one.mjs';", 'console.log(one); // prints 1'));
  });

  it('fails at a script or a benchmark that does not exist', async () => {
    await read(block('sh', 'npm ci && npm test', 'HEADWATER_SEED=42 npm run simulate'));
    await assert.rejects(read(block('sh', 'npm run no-such-script')), /a page:2: .*"no-such-script"/);
    await assert.rejects(
      read(block('sh', 'npm run bench -- no-such')),
      /a page:2: .*benchmarks\/questions\/no-such.ts/,
    );
  });

  it('starts a node, ends it as Ctrl-C does, and fails if it does not start', async () => {
    const followed = [
      'headwater serve --data b --listen 127.0.0.1:7421',
      'headwater -c 127.0.0.1:7421 dbsize # prints 0',
    ];
    await read(block('sh', 'headwater serve --data a', ...followed.map((line) => line.replace('-c', '--connect'))));
    await read(block('sh', 'kill -INT $node_7420 && wait $node_7420'));
    await assert.rejects(read(block('sh', 'headwater dbsize')), /exit status 3/);
    await assert.rejects(read(block('sh', 'headwater serve --data b')), /headwater serve --data b ended:.*locked/s);
    await reader.close();
  });

  it('leaves nothing behind if the tests are killed', async () => {
    const program = `import { Terminal } from './test/documents/terminal.ts';
      const terminal = await Terminal.open();
      const { pid } = await terminal.begin('sleep 600');
      console.log(pid + ' ' + terminal.folder);`;
    const args = ['--import=tsx', '--input-type=module', '-e', program];
    const killed = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(killed.stdout, 'data')) as [Buffer];
    const [pid, folder = ''] = String(line).trim().split(' ');
    assert(isAlive(Number(pid)));
    killed.kill('SIGKILL');
    await eventually('the end of the command', async () => !isAlive(Number(pid)), { patienceMs: 20_000 });
    await rm(folder, { recursive: true });
  });

  it('ends a command that runs until Ctrl-C, when it has printed what the page shows', async () => {
    await read(block('sh', '(echo a; sleep 60) # until Ctrl-C', 'echo b'), block('text output', 'a\nb'));
    await assert.rejects(read(block('sh', 'true # until Ctrl-C')), /a page:2: true ended before Ctrl-C/);
  });
});
