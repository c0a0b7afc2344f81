/** Whether an address is a node's own, under whatever name; what of a disk is kept free. */
import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { checkConfig, isSameNode } from '../src/config.js';

describe('the address of a node itself', () => {
  const SAME: ReadonlyArray<readonly [address: string, listen: string]> = [
    ['127.0.0.1:7420', '127.0.0.1:7420'],
    ['localhost:7420', '127.0.0.1:7420'],
    ['localhost:7420', '[::1]:7420'],
    ['127.0.0.1:7420', 'localhost:7420'],
    ['127.0.0.1:7420', '0.0.0.0:7420'],
    ['localhost:7420', '[::]:7420'],
    ['[::ffff:127.0.0.1]:7420', '127.0.0.1:7420'],
    ['[0:0:0:0:0:0:0:1]:7420', '[::1]:7420'],
    ['DB.example:7420', 'db.example.:7420'],
  ];
  for (const [address, listen] of SAME)
    it(`${address} is a node on ${listen}`, () => assert(isSameNode(address, listen)));

  it('is each address of the machine if the node listens on all of them', () => {
    for (const { address, family } of Object.values(networkInterfaces()).flatMap((some) => some ?? []))
      assert(isSameNode(family === 'IPv6' ? `[${address}]:7420` : `${address}:7420`, '0.0.0.0:7420'), address);
  });

  const OTHER: ReadonlyArray<readonly [address: string, listen: string]> = [
    ['localhost:7421', '127.0.0.1:7420'],
    ['127.0.0.2:7420', '127.0.0.1:7420'],
    ['db.example:7420', '127.0.0.1:7420'],
    ['192.0.2.1:7420', '0.0.0.0:7420'],
  ];
  for (const [address, listen] of OTHER)
    it(`${address} is not a node on ${listen}`, () => assert(!isSameNode(address, listen)));

  it('is refused as an upstream', () => {
    const options = { data: '/nowhere', listen: '127.0.0.1:7420', follow: 'localhost:7420' };
    assert.throws(() => checkConfig(options), /cannot follow itself: .*this node listens on 127\.0\.0\.1:7420/);
  });
});

describe('an option of a node that has an unknown name', () => {
  const options = (extra: object) => checkConfig({ data: '/tmp/nowhere', ...extra });

  it('is refused with a suggestion', () => {
    assert.throws(() => options({ fsyncs: 'always' }), /unknown option fsyncs: did you mean fsync\?/);
    assert.throws(() => options({ colour: 1 }), /unknown option colour: expected one of data, listen/);
  });
});

describe('the room that is kept free', () => {
  const data = '/nowhere';
  const MiB = 2 ** 20;

  it('has a default that is enough for the data in memory', () => {
    assert.equal(checkConfig({ data }).minFreeBytes, 256 * MiB);
    assert.equal(checkConfig({ data, overlayBytesMax: 256 * MiB }).minFreeBytes, (64 + 4 * 128) * MiB);
  });

  it('may be more, and less only down to that', () => {
    assert.equal(checkConfig({ data, minFreeBytes: 1_000 * MiB }).minFreeBytes, 1_000 * MiB);
    assert.equal(checkConfig({ data, overlayBytesMax: MiB, minFreeBytes: 68 * MiB }).minFreeBytes, 68 * MiB);
    assert.throws(() => checkConfig({ data, minFreeBytes: 100 * MiB }), {
      code: 'invalid_argument',
      message:
        /min-free-space: expected at least 201326592 bytes, .*--overlay-bytes \(33554432 bytes\).*, received 104857600 bytes/,
    });
  });
});
