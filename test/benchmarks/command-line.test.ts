/** The command line of the benchmarks, and the places that list their questions. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type Choice, commandLine } from '../../benchmarks/command-line.js';
import { count, counts, type Question, question, words } from '../../benchmarks/question.js';
import { QUESTIONS } from '../../benchmarks/questions/all.js';

const FOLDER = path.join(import.meta.dirname, '../../benchmarks');

const EXAMPLE = question({
  name: 'example',
  sentence: 'How much?',
  options: {
    inFlight: counts('in flight', [1, 50], [1_000]),
    rounds: count('rounds', 3),
    keys: words('keys', ['hot', 'cold']),
  },
  measure: async () => {},
});

async function parse(...args: string[]): Promise<readonly Choice[]> {
  let asked: readonly Choice[] = [];
  const program = commandLine([EXAMPLE], async (choices) => {
    asked = choices;
  });
  for (const command of [program, ...program.commands]) command.exitOverride().configureOutput({ writeErr: () => {} });
  await program.parseAsync(args, { from: 'user' });
  return asked;
}

describe('the command line of the benchmarks', () => {
  it('fills in the short form, and the long one on demand', async () => {
    assert.deepEqual((await parse('example'))[0]?.options, { inFlight: [1, 50], rounds: 3, keys: ['hot', 'cold'] });
    assert.deepEqual((await parse('example', '--thorough', '--rounds', '1'))[0]?.options, {
      inFlight: [1_000],
      rounds: 1,
      keys: ['hot', 'cold'],
    });
    assert.deepEqual((await parse('all', '--thorough'))[0]?.options.inFlight, [1_000]);
  });

  it('takes lists, and names the expected and the received value otherwise', async () => {
    const [choice] = await parse('example', '--in-flight', '7,8', '--keys', 'cold');
    assert.deepEqual([choice?.options.inFlight, choice?.options.keys], [[7, 8], ['cold']]);
    await assert.rejects(parse('example', '--rounds', '0'), /Expected a whole number above 0, received "0"/);
    await assert.rejects(parse('example', '--keys', 'warm'), /Expected some of hot,cold, received "warm"/);
  });

  const help = commandLine(QUESTIONS, async () => {}).helpInformation();
  const readme = readFileSync(path.join(FOLDER, 'README.md'), 'utf8');
  for (const { name } of QUESTIONS as readonly Question[]) {
    it(`has ${name} in its help and in the README, and a file for it`, () => {
      assert.match(help, new RegExp(`^ +${name} `, 'm'));
      assert.match(readme, new RegExp(`^npm run bench -- ${name} +#`, 'm'));
      assert.ok(readdirSync(path.join(FOLDER, 'questions')).includes(`${name}.ts`));
    });
  }

  it('lists every file of a question', () => {
    const files = readdirSync(path.join(FOLDER, 'questions')).filter((file) => file !== 'all.ts');
    assert.deepEqual(files.sort(), QUESTIONS.map(({ name }) => `${name}.ts`).sort());
  });
});
