/** The nouns of etcd's API, without an etcd. */
import assert from 'node:assert/strict';
import { HeadwaterError } from '../../../src/base/errors.js';
import { EtcdDiscontinuity, EtcdRefusal, EtcdUnreachable } from '../../../src/cluster/etcd/errors.js';
import { endOfPrefix } from '../../../src/cluster/etcd/model.js';

describe('the range of a prefix', () => {
  it('ends at the first key behind all that begin with it', () => {
    assert.deepEqual(endOfPrefix('/headwater/a/'), Buffer.from('/headwater/a0'));
    assert.deepEqual(endOfPrefix('é'), Buffer.from([0xc3, 0xaa]));
  });

  it('ends at the end of all keys if the prefix is empty', () => {
    assert.deepEqual(endOfPrefix(''), Buffer.from([0]));
  });
});

describe('an error of etcd', () => {
  it('keeps its class and its code, so that no caller takes it for an answer', () => {
    const unreachable = new EtcdUnreachable('no answer', { mayBeDone: true });
    const refusal = new EtcdRefusal('unauthenticated', 'the password is another');
    const other = new EtcdDiscontinuity('revision_went_back', 'expected 7 or later, received 3');
    assert.ok(unreachable instanceof EtcdUnreachable && HeadwaterError.is(unreachable, 'unreachable'));
    assert.equal(unreachable.mayBeDone, true);
    assert.ok(refusal instanceof EtcdRefusal && HeadwaterError.is(refusal, 'unauthenticated'));
    assert.ok(other instanceof EtcdDiscontinuity && HeadwaterError.is(other, 'protocol_violation'));
    assert.deepEqual(
      [unreachable, refusal, other].map(({ name }) => name),
      ['EtcdUnreachable', 'EtcdRefusal', 'EtcdDiscontinuity'],
    );
  });
});
