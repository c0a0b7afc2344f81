/** The names of a client, as its certificate has them. */
import assert from 'node:assert/strict';
import net from 'node:net';
import type { PeerCertificate } from 'node:tls';
import { identityOf, peerOf, setPeer } from '../../src/access/peer.js';

function namesIn(subjectaltname: string | undefined, CN?: string): readonly string[] {
  return identityOf({ subjectaltname, subject: CN === undefined ? undefined : { CN } } as unknown as PeerCertificate)
    .names;
}

describe('the identity of a client', () => {
  it('has the DNS names, URIs and email addresses of the certificate, and no IP addresses', () => {
    assert.deepEqual(
      namesIn('DNS:reader, IP Address:127.0.0.1, URI:spiffe://test/a, email:a@b.example, DNS:reader', 'other'),
      ['reader', 'spiffe://test/a', 'a@b.example'],
    );
  });

  it('has the common name if the certificate has no other', () => {
    assert.deepEqual(namesIn(undefined, 'reader'), ['reader']);
    assert.deepEqual(namesIn('IP Address:127.0.0.1', 'reader'), ['reader']);
    assert.deepEqual(namesIn(undefined), []);
  });

  it('takes a name with a comma for one name, and what follows a name that is damaged for none', () => {
    assert.deepEqual(namesIn('DNS:"a, DNS:admin", DNS:b'), ['a, DNS:admin', 'b']);
    assert.deepEqual(namesIn('DirName:"CN=x, URI:y", othername:<unsupported>, DNS:b'), ['b']);
    assert.deepEqual(namesIn('DNS:b, "DNS:admin", DNS:c'), ['b']);
  });

  it('belongs to a socket', () => {
    const socket = new net.Socket();
    assert.equal(peerOf(socket), undefined);
    setPeer(socket, { names: ['reader'] });
    assert.deepEqual(peerOf(new Proxy(socket, {})), { names: ['reader'] });
  });
});
