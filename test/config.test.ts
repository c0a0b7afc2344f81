/** Whether an address is a node's own, under whatever name. */
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
  ];
  for (const [address, listen] of SAME)
    it(`${address} is a node on ${listen}`, () => assert(isSameNode(address, listen)));

  it('is each of the machine, where the node listens on all of them', () => {
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
    assert.throws(() => checkConfig(options), /cannot follow itself: it listens on 127\.0\.0\.1:7420/);
  });
});
