/**
 * The certificates on revocation lists. OpenSSL checks them for new connections. This file finds the open connections
 * that a new list ends, for which OpenSSL has no function that Node hands on. A certificate is named by its issuer and
 * its serial number (RFC 5280, 4.1 and 5.1), in DER: a byte with the kind, the length, the content.
 */
import { HeadwaterError } from '../../base/errors.js';

const INTEGER = 0x02;
const SEQUENCE = 0x30;
/** The optional version of a certificate. */
const VERSION = 0xa0;

interface Part {
  readonly kind: number;
  /** The whole part, with its kind and length. */
  readonly whole: Buffer;
  readonly content: Buffer;
}

const LIST = /-----BEGIN X509 CRL-----([^-]+)-----END X509 CRL-----/g;

export class RevocationLists {
  /** Issuers and serial numbers, as text. */
  readonly #revoked = new Set<string>();

  /** @throws HeadwaterError `invalid_argument` if a list is damaged. */
  constructor(pem: Buffer) {
    for (const [, text = ''] of pem.toString('latin1').matchAll(LIST)) this.#add(Buffer.from(text, 'base64'));
  }

  get size(): number {
    return this.#revoked.size;
  }

  /** @param certificate in DER. */
  has(certificate: Buffer): boolean {
    const fields = bodyOf(certificate);
    const [serial, , issuer] = fields[0]?.kind === VERSION ? fields.slice(1) : fields;
    return serial !== undefined && issuer !== undefined && this.#revoked.has(nameOf(issuer, serial));
  }

  /** The parts are: the version, the algorithm, the issuer, one or two times, and the list, if it is not empty. */
  #add(list: Buffer): void {
    const fields = bodyOf(list);
    const [, issuer] = fields.filter(({ kind }) => kind === SEQUENCE);
    if (issuer === undefined) throw damaged();
    const entries = fields.filter(({ kind }) => kind === SEQUENCE)[2];
    if (entries === undefined) return;
    for (const entry of childrenOf(entries)) {
      const [serial] = childrenOf(entry);
      if (serial?.kind !== INTEGER) throw damaged();
      this.#revoked.add(nameOf(issuer, serial));
    }
  }
}

function nameOf(issuer: Part, serial: Part): string {
  return `${issuer.whole.toString('hex')} ${serial.content.toString('hex')}`;
}

/** The parts of a certificate, or of a list, without the signature. */
function bodyOf(der: Buffer): Part[] {
  const [whole] = readParts(der);
  const [body] = whole ? childrenOf(whole) : [];
  if (body?.kind !== SEQUENCE) throw damaged();
  return childrenOf(body);
}

function childrenOf({ content }: Part): Part[] {
  return readParts(content);
}

function readParts(der: Buffer): Part[] {
  const parts: Part[] = [];
  for (let at = 0; at < der.length; ) {
    const kind = der[at] as number;
    let length = der[at + 1];
    if (length === undefined) throw damaged();
    let begin = at + 2;
    if (length >= 0x80) {
      const count = length & 0x7f;
      if (count === 0 || count > 4 || begin + count > der.length) throw damaged();
      length = der.readUIntBE(begin, count);
      begin += count;
    }
    const end = begin + length;
    if (end > der.length) throw damaged();
    parts.push({ kind, whole: der.subarray(at, end), content: der.subarray(begin, end) });
    at = end;
  }
  return parts;
}

function damaged(): HeadwaterError {
  return new HeadwaterError('invalid_argument', 'expected a revocation list in DER within PEM, received other bytes');
}
