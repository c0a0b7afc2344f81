/**
 * The .proto files as people of other languages read them: everything in them has a comment in plain words, every file
 * has the options that code generators ask for, no number can come back with another meaning, and the enum of error
 * reasons lists the error codes of the source.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import protobuf from 'protobufjs';
import { ERROR_CODES } from '../../src/base/errors.js';

const PROTO = path.join(import.meta.dirname, '../../proto');

const FILES = readdirSync(PROTO, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.proto'))
  .map((name) => ({ name, text: readFileSync(path.join(PROTO, name), 'utf8') }));

const SENTENCE_WORDS_MAX = 25;

/** A declaration with its comment. */
interface Declared {
  readonly name: string;
  readonly comment: string | null;
}

function rootOf(text: string): protobuf.Root {
  return protobuf.parse(text, new protobuf.Root(), { keepCase: true, alternateCommentMode: true }).root;
}

/** Everything that a file declares below its package. */
function declaredIn(namespace: protobuf.NamespaceBase): Declared[] {
  return namespace.nestedArray.flatMap((one) => {
    const name = one.fullName.replace(/^\.headwater\.v1\./, '');
    const own = { name, comment: one.comment };
    const named = ({ name: member, comment }: protobuf.ReflectionObject) => ({ name: `${name}.${member}`, comment });
    if (one instanceof protobuf.Enum)
      return [own, ...Object.keys(one.values).map((value) => valueIn(one, name, value))];
    if (one instanceof protobuf.Service) return [own, ...one.methodsArray.map(named)];
    if (!(one instanceof protobuf.Type)) return one instanceof protobuf.Namespace ? declaredIn(one) : [];
    const oneofs = one.oneofsArray.filter((oneof) => !oneof.name.startsWith('_'));
    return [own, ...one.fieldsArray.map(named), ...oneofs.map(named), ...declaredIn(one)];
  });
}

function valueIn({ comments }: protobuf.Enum, name: string, value: string): Declared {
  return { name: `${name}.${value}`, comment: comments[value] ?? null };
}

function sentencesOf(comment: string): string[] {
  return comment
    .replace(/\n(?!\n)/g, ' ')
    .split(/(?<=[.:?!])\s+|\n\n/)
    .map((sentence) => sentence.trim())
    .filter((sentence) => sentence !== '');
}

function typesIn(namespace: protobuf.NamespaceBase): protobuf.Type[] {
  return namespace.nestedArray.flatMap((one) => [
    ...(one instanceof protobuf.Type ? [one] : []),
    ...(one instanceof protobuf.Namespace ? typesIn(one) : []),
  ]);
}

/** Numbers that stay free: the next operation takes one of them, and the same in its reply. */
const FREE: Readonly<Record<string, readonly number[]>> = { Reply: [22, 23, 24, 25, 26, 27, 28, 29] };

/** Numbers below the highest that no field has and that are not reserved. */
function skippedIn(type: protobuf.Type): string[] {
  const used = new Set(type.fieldsArray.map(({ id }) => id));
  const numbers = Array.from({ length: Math.max(0, ...used) }, (_, index) => index + 1);
  return numbers
    .filter((id) => !used.has(id) && !type.isReservedId(id) && !FREE[type.name]?.includes(id))
    .map((id) => `${type.name} ${id}`);
}

describe('the .proto files', () => {
  it('are all seen', () => {
    assert.ok(FILES.length >= 7, `expected at least 7 files, saw ${FILES.length}`);
    const declared = FILES.flatMap(({ text }) => declaredIn(rootOf(text)));
    assert.ok(declared.length > 750, `expected at least 750 declarations, saw ${declared.length}`);
  });

  it('have a comment on every message, field, oneof, enum, value, service and call', () => {
    const bare = FILES.flatMap(({ text }) => declaredIn(rootOf(text)))
      .filter(({ comment }) => !comment)
      .map(({ name }) => name);
    assert.deepEqual(bare, []);
  });

  it(`have comments whose sentences have at most ${SENTENCE_WORDS_MAX} words`, () => {
    const long = FILES.flatMap(({ text }) => declaredIn(rootOf(text)))
      .flatMap(({ name, comment }) => sentencesOf(comment ?? '').map((sentence) => `${name}: ${sentence}`))
      .filter((sentence) => sentence.split(/\s+/).length > SENTENCE_WORDS_MAX + 1);
    assert.deepEqual(long, []);
  });

  it('name the packages of the code that other languages generate', () => {
    for (const { name, text } of FILES) {
      const options = Object.fromEntries(
        [...text.matchAll(/^option (\w+) = (.+);$/gm)].map(([, option, value]) => [option, value]),
      );
      assert.deepEqual(
        options,
        {
          csharp_namespace: '"Headwater.V1"',
          go_package: '"headwater/v1;headwaterv1"',
          java_multiple_files: 'true',
          java_package: '"headwater.v1"',
        },
        name,
      );
    }
  });

  it('declare nothing in a package of somebody else', () => {
    for (const { name, text } of FILES) assert.match(text, /^package headwater\.v1;$/m, name);
  });

  it('reserve every number that was skipped', () => {
    assert.deepEqual(
      FILES.flatMap(({ text }) => typesIn(rootOf(text)).flatMap(skippedIn)),
      [],
    );
  });

  it('list the reasons of errors in the order of the error codes', () => {
    const { values } = FILES.map(({ text }) => rootOf(text).lookup('headwater.v1.ErrorReason'))
      .filter((found) => found instanceof protobuf.Enum)
      .at(0) as protobuf.Enum;
    const expected = ['unspecified', ...ERROR_CODES].map((code) => `ERROR_REASON_${code.toUpperCase()}`);
    assert.deepEqual(Object.keys(values), expected);
    assert.deepEqual(Object.values(values), [...expected.keys()]);
  });
});
