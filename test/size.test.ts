/**
 * The size of what a person has to keep in mind: no class is longer than a few pages, and none hands out more members
 * than a person remembers. The length of functions is a rule of the linter (.biome.json).
 *
 * The sources are formatted, so a class begins and ends in the first column, and its members in the third.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');

const CLASS_LINES_MAX = 350;

const PUBLIC_MEMBERS_MAX = 15;

/** Classes with more members, and why. */
const WIDER: Record<string, string> = {
  Node: 'the public interface of the package: a node in a program, its addresses, and all that its operator does',
  Client: 'the public interface of the package: a method for each thing that a caller does',
  Commands: 'the public interface of the package: a method for each operation',
  TransactionBuilder: 'the public interface of the package: a step for each operation',
};

interface ClassSize {
  readonly file: string;
  readonly name: string;
  readonly lines: number;
  readonly members: ReadonlySet<string>;
}

function classesOf(file: string, text: string): ClassSize[] {
  const found: ClassSize[] = [];
  const lines = text.split('\n');
  for (const [index, line] of lines.entries()) {
    const name = /^(?:export )?(?:abstract )?class (\w+)/.exec(line)?.[1];
    if (name === undefined) continue;
    const length = lines.slice(index).indexOf('}') + 1;
    const body = lines.slice(index, index + length);
    found.push({ file, name, lines: length, members: new Set(body.flatMap(publicMember)) });
  }
  return found;
}

/** The name of the public member of an object that begins in this line, if one does. */
function publicMember(line: string): string[] {
  const name = /^ {2}(?:readonly |override |async |get |set |abstract |declare |\*)*(\w+)[?!]?(?=[<(:;]| =|$)/.exec(
    line,
  )?.[1];
  const isOther = name === undefined || /^ {2}(?:static|private|protected|constructor)\b/.test(line);
  return isOther ? [] : [name];
}

const ALL = ['src', 'bin'].flatMap((folder) =>
  readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.c?ts$/.test(name) && !name.includes('generated'))
    .flatMap((name) => {
      const file = path.posix.join(folder, name.split(path.sep).join('/'));
      return classesOf(file, readFileSync(path.join(ROOT, file), 'utf8'));
    }),
);

describe('a class', () => {
  it('is counted as it is written', () => {
    const text = [
      'export class Door extends Wall {',
      '  readonly width: number;',
      '  #open = false;',
      '  private key = 1;',
      '  readonly #hinge: string;',
      '  get #frame(): string {',
      '  }',
      '  /** Opens it. */',
      '  constructor(width: number) {',
      '    this.width = width;',
      '  }',
      '  static of(): Door {',
      '  }',
      '  get isOpen(): boolean {',
      '    return this.#open;',
      '  }',
      '  set isOpen(open: boolean) {',
      '  }',
      '  async knock(',
      '    times: number,',
      '  ): Promise<void> {',
      '  }',
      '  lock<Key>(key: Key): void {}',
      '  onOpen = () => {};',
      '}',
      'class After {',
      '}',
    ].join('\n');
    const [door, after] = classesOf('door.ts', text);
    assert.deepEqual([...(door?.members ?? [])], ['width', 'isOpen', 'knock', 'lock', 'onOpen']);
    assert.deepEqual([door?.lines, after?.lines], [25, 2]);
  });

  it(`is no longer than ${CLASS_LINES_MAX} lines`, () => {
    const longer = ALL.filter(({ lines }) => lines > CLASS_LINES_MAX);
    assert.deepEqual(
      longer.map(({ file, name, lines }) => `${file}: ${name} has ${lines} lines`),
      [],
    );
  });

  it(`has no more than ${PUBLIC_MEMBERS_MAX} public members`, () => {
    const wider = ALL.filter(({ name, members }) => members.size > PUBLIC_MEMBERS_MAX && !(name in WIDER));
    assert.deepEqual(
      wider.map(({ file, name, members }) => `${file}: ${name} has ${members.size}: ${[...members].join(' ')}`),
      [],
    );
  });

  it('is named here only if it is wider', () => {
    const wider = ALL.filter(({ members }) => members.size > PUBLIC_MEMBERS_MAX).map(({ name }) => name);
    assert.deepEqual(
      Object.keys(WIDER).filter((name) => !wider.includes(name)),
      [],
    );
  });
});
