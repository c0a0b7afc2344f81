/**
 * The .proto files as people of other languages read them: everything in them has a comment in plain words, every file
 * has the options that code generators ask for, no number can come back with another meaning, and the enum of error
 * reasons lists the error codes of the source. Reasons and limits in comments are those of the source.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import * as grpc from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import { ERROR_CODES } from '../../src/base/errors.js';
import {
  BACKUP_LEASE_MS,
  BACKUPS_MAX,
  CHECK_BYTES_PER_SECOND,
  COMPARE_TIMEOUT_MS,
  COMPARISONS_MAX,
  DURABILITY_FOLLOWERS_MAX,
  DURABILITY_TIMEOUT_MS,
  DURABILITY_TIMEOUT_MS_MAX,
  FAILOVER_MS_MAX,
  FRESH_WITHIN_MS_MAX,
  MARK_HOLD_MS,
  MESSAGE_BYTES_MAX,
  MONITOR_PARAMETER_BYTES_MAX,
  MONITOR_PARAMETERS_MAX,
  MONITORS_MAX,
  NAME_CHARACTERS_MAX,
  NODE_REPORTS_MAX,
  PATTERN_BYTES_MAX,
  RANGE_CALLS_MAX,
  RANGES_IN_CALL_MAX,
  RESUME_WAIT_MS_MAX,
  SLOW_ARGUMENT_BYTES_MAX,
  SLOW_ARGUMENTS_MAX,
  SUBSCRIPTION_NAMES_MAX,
  SUBSCRIPTION_PATTERN_BYTES_MAX,
} from '../../src/base/limits.js';
import { REFUSE_REASONS } from '../../src/model/refusal.js';
import { statusCodeOf } from '../../src/protobuf/error.js';
import { MESSAGE_OPERATIONS_MAX } from '../../src/protobuf/pipeline.js';
import { CONTINUE_REASONS, FULL_REASONS } from '../../src/replication/resync.js';

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

/** Fields that have one number in all messages, which leaves room before them. */
const SAME_EVERYWHERE: ReadonlySet<string> = new Set(['guarantees', 'assurance']);

/** Numbers below the highest that no field has and that are not reserved. */
function skippedIn(type: protobuf.Type): string[] {
  const counted = type.fieldsArray.filter(({ name }) => !SAME_EVERYWHERE.has(name));
  const used = new Set(counted.map(({ id }) => id));
  const numbers = Array.from({ length: Math.max(0, ...used) }, (_, index) => index + 1);
  return numbers
    .filter((id) => !used.has(id) && !type.isReservedId(id) && !FREE[type.name]?.includes(id))
    .map((id) => `${type.name} ${id}`);
}

const FIELDS = FILES.flatMap(({ text }) => typesIn(rootOf(text)).flatMap(({ fieldsArray }) => fieldsArray));

/** Words that a Python program can write neither as an attribute nor as a named argument. */
const PYTHON_KEYWORDS: ReadonlySet<string> = new Set(
  'and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield None True False'.split(
    ' ',
  ),
);

const ALL = FILES.flatMap(({ text }) => declaredIn(rootOf(text)));

function commentOf(declared: string): string {
  return (ALL.find(({ name }) => name === declared)?.comment ?? '').replace(/\s+/g, ' ');
}

/** Names in capitals that comments may use. */
const CAPITALS: ReadonlySet<string> = new Set([
  ...ERROR_CODES.map((code) => code.toUpperCase()),
  ...CONTINUE_REASONS,
  ...FULL_REASONS,
  ...REFUSE_REASONS,
  ...Object.keys(grpc.status),
  // Values of details.
  'NOT_FRESH',
  'CLOCK_IN_DOUBT',
  'NOT_DONE',
  'RESULT',
  // The spelling of reasons, and the prefix of their enum.
  'UPPER_SNAKE',
  'ERROR_REASON_',
]);

const figure = (value: number) => value.toLocaleString('en-US');
const KiB = (bytes: number) => `${bytes / 1024} KiB`;
const MiB = (bytes: number) => `${bytes / 1024 / 1024} MiB`;
const seconds = (ms: number) => `${ms / 1_000} s`;

/** Limits and defaults that comments name. */
const FIGURES: ReadonlyArray<readonly [declared: string, figure: string]> = [
  ['PipelineRequest', MiB(MESSAGE_BYTES_MAX)],
  ['PipelineRequest.operations', figure(MESSAGE_OPERATIONS_MAX)],
  ['Guarantees.fresh_within_ms', figure(FRESH_WITHIN_MS_MAX)],
  ['Durability.timeout_ms', figure(DURABILITY_TIMEOUT_MS)],
  ['Durability.followers', figure(DURABILITY_FOLLOWERS_MAX)],
  ['Durability.timeout_ms', figure(DURABILITY_TIMEOUT_MS_MAX)],
  ['KeysRequest.pattern', KiB(PATTERN_BYTES_MAX)],
  ['SubscribeRequest.patterns', KiB(SUBSCRIPTION_PATTERN_BYTES_MAX)],
  ['StreamService.Subscribe', figure(SUBSCRIPTION_NAMES_MAX)],
  ['StreamService.Watch', seconds(RESUME_WAIT_MS_MAX)],
  ['AdminService.Compare', figure(COMPARISONS_MAX)],
  ['AdminService.Monitor', figure(MONITORS_MAX)],
  ['MonitoredCommand.parameters', figure(MONITOR_PARAMETERS_MAX)],
  ['MonitoredParameter.data', figure(MONITOR_PARAMETER_BYTES_MAX)],
  ['SlowCommand.words', figure(SLOW_ARGUMENTS_MAX)],
  ['SlowCommand.words', figure(SLOW_ARGUMENT_BYTES_MAX)],
  ['CompareRequest.timeout_ms', figure(COMPARE_TIMEOUT_MS)],
  ['FailoverRequest.timeout_ms', figure(FAILOVER_MS_MAX)],
  ['DiskService.Backup', figure(BACKUPS_MAX)],
  ['DiskService.RangeDigests', seconds(MARK_HOLD_MS)],
  ['DiskService.RangeDigests', `if ${RANGE_CALLS_MAX} such calls`],
  ['RangeDigestsRequest.ranges', figure(RANGES_IN_CALL_MAX)],
  ['BackupResponse.backup_id', seconds(BACKUP_LEASE_MS)],
  ['VerifyRequest.bytes_per_second', figure(CHECK_BYTES_PER_SECOND)],
  ['Handshake', figure(NAME_CHARACTERS_MAX)],
  ['Acknowledgement.below', figure(NODE_REPORTS_MAX)],
];

describe('the .proto files', () => {
  it('are all seen', () => {
    assert.ok(FILES.length >= 9, `expected at least 9 files, saw ${FILES.length}`);
    assert.ok(ALL.length > 850, `expected at least 850 declarations, saw ${ALL.length}`);
  });

  it('have a comment on every message, field, oneof, enum, value, service and call', () => {
    const bare = ALL.filter(({ comment }) => !comment).map(({ name }) => name);
    assert.deepEqual(bare, []);
  });

  it(`have comments whose sentences have at most ${SENTENCE_WORDS_MAX} words`, () => {
    const long = ALL.flatMap(({ name, comment }) =>
      sentencesOf(comment ?? '')
        .filter((sentence) => sentence.split(/\s+/).length > SENTENCE_WORDS_MAX)
        .map((sentence) => `${name}: ${sentence}`),
    );
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

  it('say whether they are public, and no public file imports an internal one', () => {
    const kindOf = (text: string) => /^\/\/ (Public|Internal)[.:]/m.exec(text.slice(0, text.indexOf('syntax')))?.[1];
    const internal = FILES.filter(({ text }) => kindOf(text) === 'Internal').map(({ name }) => name);
    assert.deepEqual(internal, ['headwater/v1/replication.proto']);
    for (const { name, text } of FILES) {
      assert.ok(kindOf(text), name);
      const imported = [...text.matchAll(/^import "(.+)";$/gm)].map(([, file = '']) => file);
      if (kindOf(text) === 'Public') assert.ok(!imported.some((file) => internal.includes(file)), name);
    }
  });

  it('have no field that a word would be wrong in: states, kinds and types are enums', () => {
    const words = FIELDS.filter(
      ({ name, type }) => /(^|_)(role|state|kind|outcome|type|level)$/.test(name) && type === 'string',
    );
    assert.deepEqual(
      words.map(({ fullName }) => fullName),
      [],
    );
  });

  it('have no bool in a oneof, since false would be a case without a meaning', () => {
    const wrong = FIELDS.filter(({ type, partOf }) => type === 'bool' && partOf && !partOf.name.startsWith('_'));
    assert.deepEqual(
      wrong.map(({ fullName }) => fullName),
      [],
    );
  });

  it('write an ID, a checksum and a digest in one form everywhere', () => {
    const forms = [
      [/(^|_)replication_id$|source$/, 'bytes'],
      [/(^|_)(node|cluster|backup|mark)_id$/, 'string'],
      [/(^|_)checksum$/, 'fixed32'],
      [/(^|_)digest$/, 'bytes'],
    ] as const;
    for (const [pattern, form] of forms) {
      const found = FIELDS.filter(({ name, type }) => pattern.test(name) && !/^[A-Z]/.test(type));
      assert.ok(found.length > 1, String(pattern));
      for (const { fullName, type } of found) assert.equal(type, form, fullName);
    }
  });

  it('name no field of a public message by a keyword of Python', () => {
    const isKeyword = (name: string) => PYTHON_KEYWORDS.has(name);
    const internal = FILES.find(({ name }) => name.endsWith('replication.proto'))?.text ?? '';
    const wrong = FIELDS.filter(
      ({ name, parent }) => isKeyword(name) && !internal.includes(`message ${parent?.name} {`),
    );
    assert.deepEqual(
      wrong.map(({ fullName }) => fullName),
      [],
    );
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

  it('name the gRPC status of each reason', () => {
    for (const code of ERROR_CODES)
      assert.match(
        commentOf(`ErrorReason.ERROR_REASON_${code.toUpperCase()}`),
        new RegExp(`The gRPC status is ${grpc.status[statusCodeOf(code)]}\\.$`),
      );
  });

  it('name no reason that does not exist', () => {
    const unknown = ALL.flatMap(({ name, comment }) =>
      [...(comment ?? '').matchAll(/\b[A-Z]+(?:_[A-Z]+)+\b|\b[A-Z]+_(?!\w)/g)]
        .filter(([word]) => !CAPITALS.has(word))
        .map(([word]) => `${name}: ${word}`),
    );
    assert.deepEqual(unknown, []);
  });

  it('name the limits and defaults of the source', () => {
    for (const [declared, expected] of FIGURES) {
      const comment = commentOf(declared);
      assert.ok(comment.includes(expected), `${declared}: expected ${expected} in "${comment}"`);
    }
  });
});
