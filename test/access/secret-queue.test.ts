/** The order in which secrets are checked, with checks that end when the test says so. */
import assert from 'node:assert/strict';
import { SecretQueue } from '../../src/access/secret-queue.js';
import { sourceOf } from '../../src/access/source.js';
import { HeadwaterError } from '../../src/base/errors.js';

describe('the queue of secrets', () => {
  let queue: SecretQueue;
  let begun: string[];
  let ends: Array<() => void>;
  beforeEach(() => {
    queue = new SecretQueue({ running: 2, waiting: 6, waitingEach: 4 });
    begun = [];
    ends = [];
  });

  /** @returns the code of the refusal, once there is one, or `done`. */
  function check(address: string, user = ''): Promise<string> {
    const work = () => {
      begun.push(address + user);
      return new Promise<void>((resolve) => ends.push(resolve));
    };
    return queue.run({ address, user }, work).then(
      () => 'done',
      (error: unknown) => (HeadwaterError.is(error) ? error.code : String(error)),
    );
  }

  const settled = () => new Promise((resolve) => setImmediate(resolve));

  async function endNext(): Promise<void> {
    ends.shift()?.();
    await settled();
  }

  it('makes one check of each address at a time, and lets the addresses take turns', async () => {
    const all = 'aaabbc'.split('').map((address) => check(address));
    await settled();
    assert.deepEqual(begun, ['a', 'b']);
    for (let i = 0; i < 6; i++) await endNext();
    assert.equal(begun.join(''), 'abcaba');
    assert.deepEqual(new Set(await Promise.all(all)), new Set(['done']));
  });

  it('refuses the caller of too many from one address, and no other', async () => {
    const flood = Array.from({ length: 20 }, () => check('a'));
    const other = check('b');
    await settled();
    assert.deepEqual(begun, ['a', 'b']);
    const late = check('b');
    for (let i = 0; i < 7; i++) await endNext();
    const codes = await Promise.all(flood);
    assert.equal(codes.filter((code) => code === 'overloaded').length, 15);
    assert.deepEqual([await other, await late], ['done', 'done']);
  });

  it('refuses the newest caller of the longest queue if another address comes to a full one', async () => {
    const flood = Promise.all('aaaaabbbb'.split('').map((address) => check(address)));
    const other = check('c');
    for (let i = 0; i < 10; i++) {
      await settled();
      await endNext();
    }
    assert.equal(await other, 'done');
    assert.equal((await flood).filter((code) => code === 'overloaded').length, 2);
  });

  it('lets the users of an address take turns, so that a flood for one is nothing to another', async () => {
    const flood = Array.from({ length: 20 }, () => check('a', '1'));
    const other = check('a', '2');
    const late = Array.from({ length: 20 }, () => check('a', '1'));
    await settled();
    await endNext();
    assert.deepEqual(begun, ['a1', 'a2']);
    for (let i = 0; i < 4; i++) await endNext();
    assert.equal(await other, 'done');
    const codes = await Promise.all([...flood, ...late]);
    assert.equal(codes.filter((code) => code === 'done').length, 4);
    assert.deepEqual(begun, ['a1', 'a2', 'a1', 'a1', 'a1']);
  });

  it('counts all addresses of an IPv6 network as one', () => {
    const peers = ['10.0.0.9:5', '::ffff:10.0.0.9:6', '2001:db8:1:2:3::4:5', '2001:DB8:1:2::9:7', '::1:5', ''];
    assert.deepEqual(peers.map(sourceOf), ['10.0.0.9', '10.0.0.9', '2001:db8:1:2', '2001:db8:1:2', '0:0:0:0', '']);
  });
});
