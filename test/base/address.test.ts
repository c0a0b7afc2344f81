/** One grammar of HOST:PORT: the command line, the configuration, a client and a server take and refuse the same. */
import assert from 'node:assert/strict';
import { InvalidArgumentError } from 'commander';
import { parseAddress as typed } from '../../bin/arguments.js';
import { hostOfPeer, isEverywhere, isLoopback, parseAddress, plainHost } from '../../src/base/address.js';
import { Client } from '../../src/client/client.js';
import { checkConfig } from '../../src/config.js';
import { isLoopbackOnly } from '../../src/rpc/loopback.js';

const GOOD = [
  '127.0.0.1:7420',
  'localhost:1',
  'db-1.example.:65535',
  'my_service:7420',
  '[::1]:7420',
  '[::]:7420',
  '[::ffff:10.0.0.1]:7420',
  '[FE80:0:0:0:0:0:0:1]:7420',
  `${'a'.repeat(63)}.b:1`,
];

const BAD = [
  '',
  ':',
  'host',
  'host:',
  ':7420',
  'host:65536',
  'host:07420',
  'host:-1',
  'host:+1',
  'host:7420 ',
  ' host:7420',
  'http://host:1',
  '::1:7420',
  '[::1:7420',
  '::1]:7420',
  '[]:7420',
  '[:::]:7420',
  '[fe80::1%eth0]:7420',
  '[127.0.0.1]:7420',
  'a b:1',
  'a..b:1',
  '.:1',
  '-a:1',
  'a-:1',
  '256.0.0.1:1',
  '10.1:1',
  '7420:7420',
  'höst:1',
  'a/b:1',
  'a@b:1',
  'host:1\n',
  `${'a'.repeat(64)}:1`,
  `${'a.'.repeat(150)}b:1`,
];

describe('HOST:PORT', () => {
  const follow = (address: string) => checkConfig({ data: '/nowhere', listen: '127.0.0.2:7420', follow: address });

  for (const address of GOOD)
    it(`may be ${address}`, () => {
      assert.equal(typed(address), address);
      assert.equal(follow(address).follow, address);
      assert.equal(checkConfig({ data: '/nowhere', listen: address }).listen, address);
    });

  for (const address of [...BAD, 'host:0'])
    it(`may not be ${JSON.stringify(address)}, anywhere`, async () => {
      const refused = { code: 'invalid_argument', message: /expected HOST:PORT/ };
      assert.throws(() => typed(address), InvalidArgumentError);
      assert.throws(() => parseAddress(address), refused);
      assert.throws(() => follow(address), refused);
      // A client takes addresses of URLs too.
      const message = /expected (HOST:PORT|headwater:\/\/)/;
      await assert.rejects(Client.connect([address]), { ...refused, message });
      if (address !== 'host:0') assert.throws(() => checkConfig({ data: '/nowhere', listen: address }), refused);
    });

  it('may have port 0 only to listen on', () => {
    assert.deepEqual(parseAddress('[::1]:0', { portZero: true }), { host: '[::1]', port: 0 });
    assert.equal(checkConfig({ data: '/nowhere', listen: 'localhost:0' }).listen, 'localhost:0');
  });

  it('is refused in a short line, however long it is', () => {
    assert.throws(
      () => parseAddress('x'.repeat(1e6), {}, 'address'),
      (error: Error) =>
        /^address: expected HOST:PORT .*, received "x+"…$/.test(error.message) && error.message.length < 400,
    );
  });
});

describe('a host', () => {
  for (const [written, plain] of [
    ['LocalHost', 'localhost'],
    ['db.example.', 'db.example'],
    ['[0:0:0:0:0:0:0:1]', '[::1]'],
    ['[::ffff:10.0.0.1]', '10.0.0.1'],
    ['[::FFFF:a00:1]', '10.0.0.1'],
    ['[2001:DB8::1]', '[2001:db8::1]'],
  ] as const)
    it(`${written} is ${plain}`, () => assert.equal(plainHost(written), plain));

  for (const host of ['127.0.0.1', '127.8.8.8', '[::1]', '[0:0::1]', '[::ffff:127.0.0.1]', 'localhost', 'LOCALHOST'])
    it(`${host} is loopback`, () => assert(isLoopback(host)));

  for (const host of [
    '10.0.0.1',
    '0.0.0.0',
    '[::]',
    '[::ffff:10.0.0.1]',
    'db.example',
    '127.db.example',
    'localhost.db',
  ])
    it(`${host} is not loopback, as far as one knows`, () => assert(!isLoopback(host)));

  it('is everywhere in any form of that address', () => {
    for (const host of ['0.0.0.0', '[::]', '[0:0:0:0:0:0:0:0]', '[::ffff:0.0.0.0]']) assert(isEverywhere(host), host);
    for (const host of ['127.0.0.1', '[::1]', 'db.example']) assert(!isEverywhere(host), host);
  });

  it('is that of a peer in each form of a socket', () => {
    assert.equal(hostOfPeer('10.0.0.9:51234'), '10.0.0.9');
    assert.equal(hostOfPeer('::ffff:10.0.0.9:51234'), '10.0.0.9');
    assert.equal(hostOfPeer('[fe80::1]:51234'), '[fe80::1]');
    assert.equal(hostOfPeer('fe80::1:51234'), '[fe80::1]');
    for (const none of ['', 'unknown', 'unix:/socket', ':1']) assert.equal(hostOfPeer(none), undefined);
  });
});

describe('what listens on a name', () => {
  const known: Record<string, string[]> = {
    here: ['127.0.1.1', '::1'],
    both: ['127.0.0.1', '10.0.0.1'],
    away: ['10.0.0.1'],
  };
  const lookUp = async (name: string) => {
    const found = known[name];
    if (!found) throw new Error(`getaddrinfo ENOTFOUND ${name}`);
    return found.map((address) => ({ address }));
  };
  for (const [host, expected] of [
    ['here', true],
    ['both', false],
    ['away', false],
    ['unknown', false],
    ['localhost', true],
    ['127.0.0.1', true],
    ['0.0.0.0', false],
    ['[::1]', true],
    ['[::]', false],
  ] as const)
    it(`${host} is reached from other machines: ${!expected}`, async () =>
      assert.equal(await isLoopbackOnly(host, lookUp), expected));
});
