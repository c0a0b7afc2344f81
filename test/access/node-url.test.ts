/** Addresses of nodes with a scheme, as a client and --connect take them. */
import assert from 'node:assert/strict';
import { joinedTls, readNodeUrl } from '../../src/access/tls/node-url.js';
import { HeadwaterError } from '../../src/base/errors.js';

describe('the address of a node as a URL', () => {
  it('is HOST:PORT without a scheme, and says nothing of TLS with headwater://', () => {
    assert.deepEqual(readNodeUrl('db.example:7420'), { plain: 'db.example:7420', tls: undefined });
    assert.deepEqual(readNodeUrl('headwater://db.example:1/'), { plain: 'db.example:1', tls: undefined });
    assert.deepEqual(readNodeUrl('headwater://[::1]:1?tls=false'), { plain: '[::1]:1', tls: false });
  });

  it('is TLS with headwaters:// or ?tls=true, with the usual port, and names files', () => {
    assert.deepEqual(readNodeUrl('headwaters://db.example'), { plain: 'db.example:7420', tls: true });
    assert.deepEqual(readNodeUrl('headwater://[::1]?tls=true'), { plain: '[::1]:7420', tls: true });
    assert.deepEqual(
      readNodeUrl('headwaters://h:1/?tls-ca=/a%20b/ca.pem&tls-cert=c&tls-key=k&tls-server-name=db').tls,
      { ca: '/a b/ca.pem', cert: 'c', key: 'k', serverName: 'db' },
    );
    assert.deepEqual(readNodeUrl('headwater://h:1?tls-ca=ca.pem').tls, { ca: 'ca.pem' });
  });

  it('is refused if it is of another form, and the refusal repeats nothing that may be secret', () => {
    for (const [text, why] of [
      ['http://u:hidden@h:1', /expected headwater:\/\/HOST:PORT or headwaters:\/\/HOST:PORT, received a URL/],
      ['headwater://u:hidden@h:1#x', /received a URL of another form/],
      ['headwater://h:1?tls=maybe', /expected \?tls=true or \?tls=false, received "maybe"/],
      ['headwaters://h:1?tls=false', /expected \?tls=true with headwaters:\/\//],
      ['headwater://h:1?tls=false&tls-ca=x', /expected no files with \?tls=false/],
      ['headwater://h:1?ca=x', /expected the parameters tls, tls-ca, .*received "ca"/],
      ['headwater://h:1?tls-ca=', /each with a value, received "tls-ca"/],
    ] as const)
      assert.throws(
        () => readNodeUrl(text),
        (error) =>
          HeadwaterError.is(error, 'invalid_argument') && why.test(error.message) && !/hidden/.test(error.message),
        text,
      );
  });

  it('agrees with the other addresses of a client, and with its options, which add to it', () => {
    const urls = (...texts: string[]) => texts.map(readNodeUrl);
    assert.equal(joinedTls(urls('a:1', 'headwater://b:1'), undefined), undefined);
    assert.equal(joinedTls(urls('headwaters://a:1', 'headwaters://b:1'), undefined), true);
    assert.deepEqual(joinedTls(urls('headwaters://a:1'), { ca: 'x' }), { ca: 'x' });
    assert.deepEqual(joinedTls(urls('headwaters://a:1?tls-ca=y&tls-key=k'), { ca: 'x', cert: undefined }), {
      ca: 'x',
      key: 'k',
    });
    assert.deepEqual(joinedTls(urls('a:1'), { ca: 'x' }), { ca: 'x' });
    for (const [texts, own] of [
      [['headwaters://a:1', 'b:1'], undefined],
      [['headwaters://a:1', 'headwaters://b:1?tls-ca=x'], undefined],
      [['headwaters://a:1'], false],
      [['headwater://a:1?tls=false'], true],
    ] as const)
      assert.throws(() => joinedTls(urls(...texts), own), HeadwaterError, texts.join());
  });
});
