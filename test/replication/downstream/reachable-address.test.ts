/**
 * A follower listens on all interfaces and connects from one address. The leader
 * must name it by an address at which it can be reached.
 */
import assert from 'node:assert/strict';
import { reachableAddress } from '../../../src/replication/downstream/reachable-address.js';

describe('the address of a follower', () => {
  for (const [announced, peer, expected] of [
    ['10.0.0.7:7420', '10.0.0.9:51234', '10.0.0.7:7420'],
    ['0.0.0.0:7420', '10.0.0.9:51234', '10.0.0.9:7420'],
    ['[::]:7420', '10.0.0.9:51234', '10.0.0.9:7420'],
    ['[::]:7420', '::ffff:10.0.0.9:51234', '10.0.0.9:7420'],
    ['[::]:7420', '[::ffff:10.0.0.9]:51234', '10.0.0.9:7420'],
    ['[::]:7421', '[fe80::1]:51234', '[fe80::1]:7421'],
    ['[::]:7421', 'fe80::1:51234', '[fe80::1]:7421'],
    ['0.0.0.0:7420', undefined, '0.0.0.0:7420'],
    ['0.0.0.0:7420', 'unknown', '0.0.0.0:7420'],
    ['', '10.0.0.9:51234', ''],
  ] as const) {
    it(`is ${expected || 'none'} for ${announced || 'none'} announced by ${peer}`, () => {
      assert.equal(reachableAddress(announced, peer), expected);
    });
  }
});
