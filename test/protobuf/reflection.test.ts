/**
 * The descriptor set of the package, and the answers to reflection that are made of it. They are held against buf's own
 * reading of the set. If this machine has no buf, the build makes no set, and the tests are skipped.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import $protobuf from 'protobufjs/minimal.js';
import { HeadwaterError } from '../../src/base/errors.js';
import { answerReflection, DescriptorSet } from '../../src/protobuf/reflection.js';
import { skipUnless } from '../support/installed.js';
import { buf, PROTO } from './buf.js';

const SET = path.join(PROTO, 'headwater.binpb');

interface Answer {
  readonly host: string;
  readonly files: string[];
  readonly services: string[];
  readonly error: { readonly code: number; readonly message: string } | undefined;
  readonly original: Buffer;
}

/** A request that asks in this field. */
function request(field: number, text: string): Buffer {
  return $protobuf.Writer.create()
    .uint32((field << 3) | 2)
    .string(text)
    .finish() as Buffer;
}

function read(bytes: Uint8Array, take: (field: number, reader: $protobuf.Reader) => void): void {
  const reader = $protobuf.Reader.create(bytes);
  while (reader.pos < reader.len) take(reader.uint32() >>> 3, reader);
}

/** The name of the file in the bytes of a FileDescriptorProto, which begin with it. */
function fileName(bytes: Uint8Array): string {
  return Buffer.from(bytes.subarray(2, 2 + (bytes[1] as number))).toString();
}

function answerTo(asked: Buffer, set: DescriptorSet): Answer {
  const answer = {
    host: '',
    files: [] as string[],
    services: [] as string[],
    error: undefined as Answer['error'],
    original: Buffer.alloc(0),
  };
  read(answerReflection(asked, set), (field, reader) => {
    const bytes = reader.bytes();
    if (field === 1) answer.host = Buffer.from(bytes).toString();
    else if (field === 2) answer.original = Buffer.from(bytes);
    else if (field === 4) read(bytes, (_, inner) => answer.files.push(fileName(inner.bytes())));
    else if (field === 6)
      read(bytes, (_, inner) => read(inner.bytes(), (__, name) => answer.services.push(name.string())));
    else if (field === 7) {
      const error = { code: 0, message: '' };
      read(bytes, (part, inner) => {
        if (part === 1) error.code = inner.int32();
        else error.message = inner.string();
      });
      answer.error = error;
    } else assert.fail(`field ${field}`);
  });
  return answer;
}

const FILENAME = 3;
const SYMBOL = 4;
const EXTENSIONS = 6;
const LIST = 7;

describe('the descriptor set', () => {
  let set: DescriptorSet;

  before(function () {
    skipUnless(this, existsSync(SET), 'a descriptor set, which the build does not make where buf does not run');
    set = new DescriptorSet(readFileSync(SET));
  });

  it('is the one that buf makes of the files', async () => {
    const { status, output } = await buf('build', `${SET}`, '--as-file-descriptor-set', '-o', '-#format=json');
    assert.equal(status, 0, output);
    const { file } = JSON.parse(output) as { file: { name: string; syntax: string }[] };
    const names = file.map(({ name }) => name).sort();
    assert.deepEqual(
      names.filter((name) => name.startsWith('headwater/')),
      ['admin', 'backup', 'command', 'disk', 'error', 'history', 'kv', 'replication', 'stream', 'user'].map(
        (name) => `headwater/v1/${name}.proto`,
      ),
    );
    for (const name of names) assert.equal(answerTo(request(FILENAME, name), set).files[0], name);
  });

  it('lists the services of the node, and health', () => {
    const { services, error, original } = answerTo(request(LIST, ''), set);
    assert.equal(error, undefined);
    assert.deepEqual(original, request(LIST, ''));
    assert.deepEqual(services, [
      'grpc.health.v1.Health',
      ...['AdminService', 'DiskService', 'KeyValueService', 'ReplicationService', 'StreamService', 'UserService'].map(
        (name) => `headwater.v1.${name}`,
      ),
    ]);
  });

  it('finds the file of every kind of name, with all that the file imports', () => {
    const found = (symbol: string) => answerTo(request(SYMBOL, symbol), set).files;
    const kv = 'headwater/v1/kv.proto';
    for (const symbol of [
      'headwater.v1.KeyValueService',
      'headwater.v1.KeyValueService.Get',
      'headwater.v1.GetRequest',
      'headwater.v1.GetRequest.key',
      'headwater.v1.SetCondition',
      'headwater.v1.SetCondition.SET_CONDITION_IF_ABSENT',
      'headwater.v1.SetRequest.expiry',
    ])
      assert.deepEqual(found(symbol), [kv], symbol);
    const health = found('grpc.health.v1.Health');
    assert.equal(health.length, 1);
    assert.deepEqual(found('grpc.health.v1.HealthCheckResponse.ServingStatus'), health);
    assert.deepEqual(found('headwater.v1.ErrorReason'), [
      'headwater/v1/error.proto',
      'google/protobuf/any.proto',
      'google/protobuf/duration.proto',
    ]);
    assert.deepEqual(found('headwater.v1.BackupHead').toSorted(), [
      'headwater/v1/backup.proto',
      'headwater/v1/history.proto',
      kv,
    ]);
  });

  it('says what it does not have, with the name', () => {
    for (const [field, name] of [
      [FILENAME, 'none.proto'],
      [SYMBOL, 'headwater.v1.None'],
      [SYMBOL, ''],
      [EXTENSIONS, 'headwater.v1.GetRequest'],
    ] as const) {
      const { error } = answerTo(request(field, name), set);
      assert.equal(error?.code, 5);
      if (field !== EXTENSIONS) assert.match(error?.message ?? '', new RegExp(`there is no .*${name}$`));
    }
    assert.equal(answerTo(Buffer.alloc(0), set).error?.code, 12);
    assert.equal(answerTo(Buffer.concat([request(1, 'here:1'), request(LIST, '')]), set).host, 'here:1');
  });

  it('refuses bytes that are no request with a code', () => {
    for (const bytes of [[0x3a, 0x05], [0xff], [0x22, 0xff, 0xff, 0xff, 0xff, 0x0f], [0x22, 0x01]])
      assert.throws(
        () => answerReflection(Buffer.from(bytes), set),
        (error) => HeadwaterError.is(error, 'invalid_argument'),
      );
  });
});
