/** Revocation lists, as the command line of OpenSSL and other programs write them. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { RevocationLists } from '../../src/access/tls/revocation-list.js';
import { HeadwaterError } from '../../src/base/errors.js';
import { TestAuthority } from '../support/certificates.js';
import { removeTemporaryDirectories, temporaryDirectory } from '../support/database.js';

describe('a revocation list', () => {
  after(removeTemporaryDirectories);

  const derOf = (file: string) => new X509Certificate(readFileSync(file)).raw;

  it('has the certificates that its CA has revoked, and no others', async () => {
    const authority = await TestAuthority.create(await temporaryDirectory());
    const other = await TestAuthority.create(await temporaryDirectory(), 'another CA');
    const serialNumber = '01';
    const first = await authority.issue('first', { serialNumber });
    const second = await authority.issue('second', { serialNumber: '02' });
    const foreign = await other.issue('foreign', { serialNumber });
    const list = readFileSync(await authority.revoke([readFileSync(first.cert, 'utf8')]));
    const lists = new RevocationLists(list);
    assert.equal(lists.size, 1);
    assert(lists.has(derOf(first.cert)));
    assert(!lists.has(derOf(second.cert)));
    assert(!lists.has(derOf(foreign.cert)), 'serial numbers count for one issuer');
    const both = new RevocationLists(
      Buffer.concat([list, readFileSync(await other.revoke([readFileSync(foreign.cert, 'utf8')]))]),
    );
    assert(both.has(derOf(first.cert)) && both.has(derOf(foreign.cert)));
    const none = new RevocationLists(readFileSync(await authority.revoke([])));
    assert.equal(none.size, 0);
    assert(!none.has(derOf(first.cert)));
  });

  it('is refused if it is cut off anywhere', async () => {
    const authority = await TestAuthority.create(await temporaryDirectory());
    const { cert } = await authority.issue('first');
    const text = readFileSync(await authority.revoke([readFileSync(cert, 'utf8')]), 'utf8');
    const der = Buffer.from(text.replace(/-----[^-]+-----/g, ''), 'base64');
    for (let length = 0; length < der.length; length++) {
      const cut = `-----BEGIN X509 CRL-----\n${der.subarray(0, length).toString('base64')}\n-----END X509 CRL-----\n`;
      // Base64 without any bytes is no list at all.
      if (length === 0) continue;
      assert.throws(() => new RevocationLists(Buffer.from(cut)), HeadwaterError, `${length} bytes`);
    }
  });
});
