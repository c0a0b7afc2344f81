import assert from 'node:assert/strict';
import { destinationOf } from '../../src/access/addresses.js';
import { shownAddress } from '../../src/access/cluster-address.js';
import { refused } from '../support/refusals.js';

function cluster(address: string) {
  const found = destinationOf(address).cluster;
  assert.ok(found);
  return found;
}

describe('the address of a cluster', () => {
  it('names the members of etcd and the cluster, with the usual port', () => {
    const { endpoints, name, user, password, tls } = cluster('headwater+etcd://h1:2379,h2,[::1]:23/shop');
    assert.deepEqual(endpoints, ['h1:2379', 'h2:2379', '[::1]:23']);
    assert.deepEqual(
      { name, user, password, tls },
      { name: 'shop', user: undefined, password: undefined, tls: undefined },
    );
  });

  it('has a user of etcd, percent-encoded, and a password, or the file of both', () => {
    assert.equal(cluster('headwater+etcd://a%40b@h/n').user, 'a@b');
    const { user, password } = cluster('headwater+etcd://me:c%3Ad@h/n');
    assert.deepEqual([user, password], ['me', 'c:d']);
    assert.equal(cluster('headwater+etcd://h/n?etcd-credentials=/run/p').credentialsFile, '/run/p');
  });

  it('tells the TLS of etcd from that of the nodes', () => {
    const both = destinationOf('headwaters+etcds://h/n?etcd-ca=e.pem&tls-ca=n.pem');
    assert.deepEqual(both.cluster?.tls, { ca: 'e.pem' });
    assert.deepEqual(
      both.urls.map(({ tls }) => tls),
      [{ ca: 'n.pem' }],
    );
    assert.equal(cluster('headwater+etcds://h/n').tls, true);
    assert.deepEqual(destinationOf('headwaters+etcd://h/n').urls[0]?.tls, true);
  });

  for (const [wrong, says] of [
    ['headwater+etcd://h:2379', /expected headwater\+etcd:\/\/HOST:PORT,HOST:PORT\/NAME/],
    ['headwater+zookeeper://h/n', /expected headwater\+etcd/],
    ['headwater+etcd:///n', /etcd: expected HOST:PORT/],
    ['headwater+etcd://h/a/b', /expected headwater\+etcd/],
    ['headwater+etcd://@h/n', /a user of etcd before the @/],
    ['headwater+etcd://h/n?etcd-cafile=x', /parameters etcd-ca.*received "etcd-cafile"/],
    ['headwater+etcd://h/n?ca=x', /parameters tls/],
    ['headwater+etcd://h/%zz', /as % and two hexadecimal digits/],
  ] as const)
    it(`is refused: ${wrong}`, () => assert.throws(() => destinationOf(wrong), refused('invalid_argument', says)));

  it('stands alone', () => {
    assert.throws(() => destinationOf(['headwater+etcd://h/n', 'h:1']), /the address of a cluster alone, received 2/);
  });

  it('is shown without its password, also in refusals', () => {
    assert.equal(shownAddress('headwater+etcd://me:canary@h:1,h:2/n?tls-ca=x'), 'headwater+etcd://me@h:1,h:2/n');
    assert.equal(shownAddress('headwater+etcd://me:can@ary@h:1/n'), 'headwater+etcd://me@h:1/n');
    assert.equal(shownAddress('headwater+etcd://h:1/n?etcd-ca=a@b'), 'headwater+etcd://h:1/n');
    assert.equal(shownAddress('headwaters://h:1?tls-ca=x'), 'headwaters://h:1');
    assert.equal(shownAddress('h:1'), 'h:1');
    for (const wrong of [
      'headwater+etcd://me:canary@h',
      'headwater+etcd://me:canary@/n',
      'headwater+x://me:canary@h/n',
      'headwater+etcd://me:a/canary@h/n',
      'headwater+etcd://me:a?canary@h/n',
      'headwater+etcd:/me:canary@h/n',
      'headwater+etcd://me:a@canary@/n',
    ])
      assert.throws(
        () => destinationOf(wrong),
        ({ message }: Error) => !message.includes('canary'),
      );
  });
});
