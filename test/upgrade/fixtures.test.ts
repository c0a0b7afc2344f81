/**
 * What earlier versions have written is read by this one: data directories, logs, backups, archives, exports, and the
 * messages of the wire. The digests are those that the earlier version itself has printed.
 */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Folder } from '../../src/backup/folder.js';
import { Client, HeadwaterError, Node } from '../../src/index.js';
import { decodeDownFrame, decodeUpFrame, encodeDownFrame, encodeUpFrame } from '../../src/replication/frames.js';
import * as definitions from '../../src/rpc/definitions.js';
import { restoreDirectory } from '../../src/tools.js';
import { endAll, headwater } from '../cli/command-line.js';
import { eventually } from '../support/cluster.js';
import { type About, aboutOf, type Content, fixtureNames, has, unpack, wireOf } from './fixture.js';

/** The messages of clients are promised from 2329d04 on. Older ones are read, or refused with a code. */
const UNPROMISED = new Set(['172dfaa', 'eb08531']);

const LISTEN = '127.0.0.1:0';

/** The calls of the public services, by path. */
const METHODS = new Map<string, definitions.Method<unknown, unknown>>(
  [...Object.values(definitions), ...definitions.OPERATION_METHODS.values()].flatMap((one) =>
    typeof one === 'object' && 'path' in one ? [[one.path, one as definitions.Method<unknown, unknown>]] : [],
  ),
);

const REPLICATE = '/headwater.v1.ReplicationService/Replicate';

/** Nodes and clients of one test, which end with it. */
class Started implements AsyncDisposable {
  readonly #ends: Array<() => Promise<unknown>> = [];
  readonly #about: About;

  constructor(about: About) {
    this.#about = about;
  }

  async node(data: string, options: Partial<Parameters<typeof Node.start>[0]> = {}): Promise<Node> {
    const node = await Node.start({ data, listen: LISTEN, ...options });
    this.#ends.unshift(() => node.stop({ now: true }));
    return node;
  }

  async client({ address }: Node): Promise<Client> {
    const [user = '', secret = ''] = this.#about.credentials?.split(':') ?? [];
    const client = await Client.connect(address, { redirect: false, ...(user && { credentials: { user, secret } }) });
    this.#ends.unshift(() => client.close());
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of this.#ends) await end();
  }
}

/** The records of an export or of a node, by key: value and expiry. */
type Records = Record<string, readonly [value: string, expiresAtMs: number | undefined]>;

function exported(file: string): Records {
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  return Object.fromEntries(
    lines.map((line) => {
      const { key, value, expires_at_ms } = JSON.parse(line);
      return [key, [value, expires_at_ms]] as const;
    }),
  );
}

describe('the fixtures', () => {
  it('are there for every released version but the present one', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    const released = [...readFileSync('CHANGELOG.md', 'utf8').matchAll(/^## (\d\S*)/gm)].map(
      ([, found]) => found as string,
    );
    const names = fixtureNames();
    assert.deepEqual(
      released.filter((found) => found !== version && !names.includes(found)),
      [],
    );
    assert(names.length >= 5);
  });
});

for (const name of fixtureNames()) {
  const about = aboutOf(name);
  describe(`what version ${about.version} at ${about.commit} has written`, () => {
    let folder: string;
    let file: (...names: string[]) => string;

    beforeEach(() => {
      folder = mkdtempSync(path.join(tmpdir(), 'headwater-fixture-'));
      file = (...names) => path.join(folder, ...names);
      unpack(name, folder);
    });
    afterEach(async () => {
      await endAll();
      rmSync(folder, { recursive: true, force: true });
    });

    async function assertContent(client: Client, { offset, keys, digest }: Content): Promise<void> {
      const found = await client.digest();
      assert.deepEqual([found.offset, found.keys, found.digest], [offset, keys, digest]);
    }

    if (about.refused !== undefined) {
      it('is refused by name, and is as it was', async () => {
        const says = new RegExp(about.refused as string);
        await assert.rejects(Node.start({ data: file('leader'), listen: LISTEN }), {
          code: 'unknown_format',
          message: says,
        });
        assert(readdirSync(file('leader', 'gen-000001')).includes('log'));
      });
      return;
    }

    it('is the data of a leader, which leads on, and of a follower, without a full resync', async () => {
      await using started = new Started(about);
      const leader = await started.node(file('leader'));
      const client = await started.client(leader);
      const { leader: content, users } = about;
      await assertContent(client, content);
      assert.deepEqual((await client.status()).lineage.length > 1, true, 'it has lived in several histories');
      const known = users.length > 0 ? await client.users.list() : { users: [] };
      assert.deepEqual(known.users.map((user) => user.name).sort(), users);
      const credentials = file('root');
      writeFileSync(credentials, `${about.credentials}\n`);
      chmodSync(credentials, 0o600);
      const signIn = users.length > 0 ? ['--credentials', credentials] : [];
      const { status, stderr } = await headwater(['export', file('now.jsonl'), '--connect', leader.address, ...signIn]);
      assert.equal(status, 0, stderr);
      assert.deepEqual(exported(file('now.jsonl')), exported(file('export.jsonl')));
      const follow = { follow: leader.address, ...(users.length > 0 && { upstreamCredentials: credentials }) };
      const follower = await started.client(await started.node(file('follower'), follow));
      await client.set('written', 'by this version');
      const { offset } = await client.status();
      const level = await eventually('the follower to have it', async () => {
        const now = await follower.status();
        return now.offset === offset && now;
      });
      assert.deepEqual([level.fullResyncs, level.partialResyncs], [0, 1]);
      await assertContent(follower, await client.digest());
    });

    it('is a backup, alone and with the archive on top', async () => {
      await using started = new Started(about);
      const source = () => readdirSync(folder).includes('leader.backup') && readFileSync(file('leader.backup'));
      const bytes = source() as Buffer;
      const restored = await restoreDirectory({
        directory: file('alone'),
        source: pieces(bytes),
        name: 'leader.backup',
      });
      const { backup, leader } = about;
      assert.deepEqual(
        [restored.position.offset, restored.keys, restored.digest],
        [backup.offset, backup.keys, backup.digest],
      );
      const archive = { place: new Folder(file('archive')) };
      await restoreDirectory({ directory: file('whole'), source: pieces(bytes), name: 'leader.backup', archive });
      await assertContent(await started.client(await started.node(file('whole'))), leader);
    });

    it('is an export, which an empty node imports', async () => {
      await using started = new Started({ ...about, credentials: '' });
      const node = await started.node(file('empty'));
      const { status, stderr } = await headwater(['import', file('export.jsonl'), '--connect', node.address]);
      assert.equal(status, 0, stderr);
      const again = await headwater(['export', file('again.jsonl'), '--connect', node.address]);
      assert.equal(again.status, 0, again.stderr);
      assert.deepEqual(exported(file('again.jsonl')), exported(file('export.jsonl')));
    });

    if (!has(name, 'wire.json.br')) return;
    it('are messages between nodes, which are read, and are written as they were', () => {
      const kinds = new Set<string>();
      for (const { path: call, requests, responses } of wireOf(name)) {
        if (call !== REPLICATE) continue;
        for (const message of requests.map(bytesOf)) {
          const frame = decodeUpFrame(message);
          kinds.add(frame.kind);
          assert.deepEqual(decodeUpFrame(encodeUpFrame(frame)), frame);
        }
        for (const message of responses.map(bytesOf)) {
          const frame = decodeDownFrame(message);
          kinds.add(frame.kind);
          assert.deepEqual(encodeDownFrame(frame).toString('hex'), message.toString('hex'));
        }
      }
      const all = ['acknowledgement', 'blocks', 'fullResync', 'handshake', 'heartbeat', 'snapshotChunk', 'snapshotEnd'];
      assert.deepEqual(
        all.filter((kind) => !kinds.has(kind)),
        [],
      );
    });

    it('are requests and replies of clients, which are read, and are written with the same content', () => {
      const calls = new Set<string>();
      for (const { path: call, requests, responses } of wireOf(name)) {
        const method = METHODS.get(call);
        if (!method) continue;
        calls.add(call.split('/').at(-1) as string);
        // An empty message is a sign of life, and is not decoded.
        for (const [codec, messages] of [
          [method.request, requests],
          [method.response, responses],
        ] as const)
          for (const message of messages.map(bytesOf).filter(({ length }) => length > 0)) {
            try {
              const read = codec.decode(message);
              assert.deepEqual(codec.decode(codec.encode(read)), read);
            } catch (error) {
              if (!UNPROMISED.has(about.commit) || !HeadwaterError.is(error)) throw error;
            }
          }
      }
      for (const call of ['Status', 'Digest', 'Scan', 'Pipeline'])
        assert(calls.has(call), `${call} is among ${[...calls]}`);
    });
  });
}

function bytesOf(text: string): Buffer {
  return Buffer.from(text, 'base64');
}

async function* pieces(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}
