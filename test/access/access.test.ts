/** Users and their grants over records in memory, as a store keeps them. */
import assert from 'node:assert/strict';
import { Access } from '../../src/access/access.js';
import { destinationOf } from '../../src/access/addresses.js';
import { Audit } from '../../src/access/audit.js';
import { ruledCalls } from '../../src/access/calls.js';
import { authorizationOf, credentialsOfAuthorization, parseCredentials } from '../../src/access/credentials.js';
import { Users } from '../../src/access/users.js';
import { HeadwaterError } from '../../src/base/errors.js';
import { AUDIT_LINES_MAX } from '../../src/base/limits.js';
import { silentLogger } from '../../src/base/logger.js';
import type { NewUser } from '../../src/model/user.js';
import { TestClock } from '../support/clock.js';
import { DESCRIPTORS } from './descriptors.js';

class Records {
  all = new Map<string, Buffer>();
  readonly #listeners: Array<() => void> = [];

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  async change(decide: (records: ReadonlyMap<string, Buffer>) => ReadonlyMap<string, Buffer | undefined>) {
    for (const [name, value] of decide(this.all)) {
      if (value) this.all.set(name, value);
      else this.all.delete(name);
    }
    for (const listener of this.#listeners) listener();
    return 1;
  }
}

function made(name: string, roles: NewUser['roles'], secret?: string): NewUser {
  return { name, roles, keyPrefixes: [], channelPrefixes: [], secret, limits: undefined };
}

describe('users', () => {
  const clock = new TestClock();
  let records: Records;
  let access: Access;
  let users: Users;
  beforeEach(() => {
    records = new Records();
    access = new Access({ records, clock, logger: silentLogger });
    users = new Users(access, records, { withoutUsers: [] }, () => 7);
  });

  const code = async (work: Promise<unknown>) => {
    const error = await work.then(
      () => undefined,
      (failure: unknown) => failure,
    );
    assert.ok(HeadwaterError.is(error), String(error));
    return `${error.code}: ${error.message}`;
  };

  it('are not in force before one of them has the role admin: until then all is allowed', async () => {
    assert.equal(access.anonymous.isWhole, true);
    await users.create(made('app', ['read']));
    assert.equal(access.anonymous.isWhole, true);
    const before = access.anonymous;
    const { inForce } = await users.create(made('boss', ['admin']));
    assert.equal(inForce, true);
    assert.equal(before.ended?.code, 'unauthenticated');
    assert.equal(access.anonymous.bits, 0);
    const refusal = access.refusalOf(access.anonymous, { all: 0, any: 0 }, 'Get');
    assert.equal(refusal?.message, 'Get: expected a user and its secret, received none');
  });

  it('sign in with their secret, at once from the second time on, and with no other', async () => {
    const { secret } = await users.create(made('boss', ['admin']));
    assert.equal(Buffer.from(secret, 'base64url').length, 32);
    assert.equal(access.recall({ user: 'boss', secret }), undefined);
    const grant = await access.authenticate({ user: 'boss', secret });
    assert.equal(access.recall({ user: 'boss', secret }), grant);
    for (const wrong of [`${secret}x`, '', 'x'.repeat(5_000)])
      assert.match(await code(access.authenticate({ user: 'boss', secret: wrong })), /^unauthenticated: .* is wrong$/);
    assert.match(await code(access.authenticate({ user: 'nobody', secret })), /^unauthenticated: .* is wrong$/);
  });

  it('keep no secret in their records', async () => {
    await users.create(made('boss', ['admin'], 'canary-canary'));
    assert.equal([...records.all.values()].join().includes('canary'), false);
    assert.equal(JSON.stringify(access.list).includes('canary'), false);
  });

  it('lose what they have open when they are revoked or rotated, and others lose nothing', async () => {
    const boss = await users.create(made('boss', ['admin']));
    const app = await users.create(made('app', ['read']));
    const grants = await Promise.all([
      access.authenticate({ user: 'boss', secret: boss.secret }),
      access.authenticate({ user: 'app', secret: app.secret }),
    ]);
    const { secret } = await users.rotate('app', undefined);
    assert.match(grants[1].ended?.message ?? '', /^the user app was changed or revoked/);
    assert.match(await code(access.authenticate({ user: 'app', secret: app.secret })), /is wrong$/);
    const again = await access.authenticate({ user: 'app', secret });
    await users.revoke('app');
    assert.equal(again.ended?.code, 'unauthenticated');
    assert.equal(grants[0].ended, undefined);
  });

  it('never lose their last administrator', async () => {
    await users.create(made('boss', ['admin']));
    assert.match(
      await code(users.revoke('boss')),
      /^invalid_argument: user: expected another user with the role admin/,
    );
    assert.match(await code(users.change('boss', { roles: ['read'] })), /the last one with it$/);
    await users.create(made('other', ['admin']));
    await users.revoke('boss');
    assert.deepEqual(
      access.list.users.map(({ name }) => name),
      ['other'],
    );
  });

  it('keep an administrator with a secret, or the certificate that the caller has just shown', async () => {
    const first = code(users.create(made('cert:ops', ['admin'])));
    assert.match(await first, /^invalid_argument: user: expected a user with the role admin and a secret/);
    assert.equal(access.inForce, false);
    await users.create(made('cert:app', ['read']));
    await users.create(made('boss', ['admin']));
    await users.create(made('cert:ops', ['admin']));
    assert.match(await code(users.revoke('boss', ['other'])), /received boss as the change, which leaves cert:ops/);
    assert.match(await code(users.change('boss', { roles: ['read'] })), /which leaves cert:ops/);
    await users.revoke('boss', ['elsewhere', 'ops']);
    await users.revoke('cert:app');
    assert.match(await code(users.revoke('cert:ops', ['ops'])), /the last one with it$/);
  });

  it('can begin with the certificate of the caller', async () => {
    await users.create(made('cert:ops', ['admin']), ['ops']);
    assert.equal(access.inForce, true);
  });

  it('are refused with a name, a role, a prefix or a secret that is none', async () => {
    const wrong: Array<[Partial<NewUser>, RegExp]> = [
      [{ name: '' }, /^invalid_argument: user: expected a name/],
      [{ name: 'a b' }, /user: expected a name/],
      [{ name: 'a:b' }, /user: expected a name/],
      [{ name: 'a\nb' }, /user: expected a name/],
      [{ roles: [] }, /roles: expected some of read, write, publish, replicate, admin, received none/],
      [{ roles: ['unknown'] }, /roles: .* received unknown/],
      [{ secret: 'short' }, /secret: expected 8 to 1024 characters, received 5/],
      [{ name: 'cert:node-1', secret: 'long enough' }, /secret: expected none for a user of certificates/],
      [{ roles: ['admin'], keyPrefixes: [Buffer.from('a')] }, /prefixes: expected none for the role admin/],
      [{ keyPrefixes: [Buffer.alloc(0)] }, /key prefixes: expected 1 to 256 bytes each/],
    ];
    for (const [part, expected] of wrong)
      assert.match(await code(users.create({ ...made('app', ['read']), ...part })), expected);
    await users.create(made('app', ['read']));
    assert.match(await code(users.create(made('app', ['read']))), /received app again$/);
    assert.match(await code(users.revoke('nobody')), /expected a user that exists, received "nobody"/);
  });

  it('of certificates are found by the names in them, and have no secret', async () => {
    await users.create(made('boss', ['admin']));
    const { secret } = await users.create(made('cert:spiffe://cluster/node-1', ['replicate']));
    assert.equal(secret, '');
    const grant = access.identify(['elsewhere', 'spiffe://cluster/node-1']);
    assert.equal(grant?.name, 'cert:spiffe://cluster/node-1');
    assert.equal(access.identify(['elsewhere']), undefined);
    assert.match(await code(access.authenticate({ user: 'cert:spiffe://cluster/node-1', secret: '' })), /is wrong$/);
    assert.match(await code(users.rotate('cert:spiffe://cluster/node-1', undefined)), /a user of certificates$/);
  });

  it('keep the fields of a later version, and end nothing for a limit of it', async () => {
    const { secret } = await users.create(made('app', ['read']));
    const fields = () => JSON.parse(String(records.all.get('user/app'))) as { rotated: number; limits: object };
    const later = { notes: ['later'], limits: { operations: 5, burst: 9 } };
    records.all.set('user/app', Buffer.from(JSON.stringify({ ...fields(), ...later })));
    await users.create(made('other', ['read']));
    const grant = await access.authenticate({ user: 'app', secret });
    await users.limit('app', { bytesPerSecond: 10 });
    assert.deepEqual(fields(), { ...fields(), notes: ['later'], limits: { operations: 5, bytes: 10, burst: 9 } });
    await users.limit('app', { bytesPerSecond: 0, operationsPerSecond: 0 });
    assert.deepEqual(fields().limits, { burst: 9 });
    assert.equal(access.list.users.find(({ name }) => name === 'app')?.limits, undefined);
    records.all.set('user/app', Buffer.from(JSON.stringify({ ...fields(), limits: { burst: 10 } })));
    await users.create(made('third', ['read']));
    assert.equal(grant.ended, undefined);
    await users.rotate('app', undefined);
    assert.deepEqual(fields(), { ...fields(), notes: ['later'], limits: { burst: 10 } });
    assert.notEqual(grant.ended, undefined);
  });

  it('of a newer format cannot sign in here, and nobody is let in instead', async () => {
    records.all.set('user/boss', Buffer.from('{"format":2}'));
    await records.change(() => new Map());
    assert.equal(access.inForce, true);
    assert.equal(access.anonymous.bits, 0);
  });
});

describe('the rules of calls', () => {
  it('cover every method of the .proto files, and no other of the package', () => {
    const ours = ruledCalls().filter((path) => path.startsWith('/headwater.'));
    assert.deepEqual(ours.toSorted(), DESCRIPTORS.methods.map(({ path }) => path).toSorted());
  });
});

describe('credentials', () => {
  it('are read from a line, and go over the wire in two forms', () => {
    const credentials = { user: 'app', secret: 's:e@c' };
    assert.deepEqual(parseCredentials('app:s:e@c\n', 'file'), credentials);
    assert.deepEqual(credentialsOfAuthorization(authorizationOf(credentials)), credentials);
    assert.deepEqual(credentialsOfAuthorization('bearer app:s:e@c'), credentials);
  });

  it('are never repeated by a refusal', () => {
    for (const wrong of ['canary', 'canary:a\nb', ':canary'])
      assert.throws(
        () => parseCredentials(wrong, 'file'),
        ({ message }: Error) =>
          message.startsWith('file: expected one line USER:SECRET') && !message.includes('canary'),
      );
    assert.throws(
      () => credentialsOfAuthorization('Digest canary'),
      ({ message }: Error) => !message.includes('canary'),
    );
    assert.throws(
      () => destinationOf('headwater://canary@h:1'),
      ({ message }: Error) => !message.includes('canary'),
    );
  });

  it('stand in an address, once for all of them', () => {
    const { seeds, credentials } = destinationOf('headwater://app:a%40b@h:1,h:2');
    assert.deepEqual(seeds, ['h:1', 'h:2']);
    assert.deepEqual(credentials, { user: 'app', secret: 'a@b' });
    assert.throws(() => destinationOf('headwater://a:b@h:1,headwater://a:c@h:2'), /one user for all of them/);
  });
});

describe('the audit', () => {
  it('counts the calls beyond its lines in a second, so that a flood fills no disk', async () => {
    const clock = new TestClock();
    const lines: string[] = [];
    const told: string[] = [];
    const logger = {
      ...silentLogger,
      warn: (_: object, message: string) => void lines.push(message),
      info: (_: object, message: string) => void told.push(message),
    };
    const audit = new Audit({ clock, logger });
    for (let i = 0; i < AUDIT_LINES_MAX + 5; i++) audit.refused({ user: 'u', peer: 'p:1', call: 'Get' }, 'no role');
    assert.equal(lines.length, AUDIT_LINES_MAX);
    assert.equal(lines[0], 'Get of p:1 was refused: no role');
    await clock.advance(1_000);
    audit.administers({ user: 'u', peer: 'p:1', call: 'Promote' });
    assert.deepEqual(told, ['u at p:1 calls Promote']);
    assert.equal(lines.at(-1), '5 more calls were refused in 1 s');
  });
});
