/**
 * Addresses of nodes in the form of a URL, as far as they are about TLS: `headwaters://HOST:PORT` is TLS, and
 * `headwater://HOST:PORT?tls=true&tls-ca=FILE` names the files too. The rest of the URL is for others to read.
 */
import { isDeepStrictEqual } from 'node:util';
import { HeadwaterError } from '../../base/errors.js';
import type { TlsOptions } from './client-tls.js';

/** An address of a node, and what it says of TLS. */
export interface NodeUrl {
  /** The text between the scheme and the query: HOST:PORT. */
  readonly plain: string;
  /** Undefined if the address says nothing of TLS. */
  readonly tls: boolean | TlsOptions | undefined;
}

const URL_FORM = /^headwater(s?):\/\/([^?#/]*)\/?(?:\?([^#]*))?$/;

const PORT_USUAL = 7420;

/** The parameters of the query with the option that each sets. */
const FILES = { 'tls-ca': 'ca', 'tls-cert': 'cert', 'tls-key': 'key', 'tls-server-name': 'serverName' } as const;

/**
 * Reads an address with or without a scheme. The part between scheme and query is not checked.
 * @throws HeadwaterError `invalid_argument` for another scheme or parameter. The message does not repeat the address,
 *   which may have a secret.
 */
export function readNodeUrl(text: string): NodeUrl {
  if (!text.includes('://')) return { plain: text, tls: undefined };
  const [, s, rest = '', query = ''] = URL_FORM.exec(text) ?? [];
  if (s === undefined)
    throw invalid('expected headwater://HOST:PORT or headwaters://HOST:PORT, received a URL of another form');
  const plain = /:\d+$/.test(rest) ? rest : `${rest}:${PORT_USUAL}`;
  return { plain, tls: tlsIn(new URLSearchParams(query), s === 's') };
}

function tlsIn(query: URLSearchParams, isSecure: boolean): NodeUrl['tls'] {
  const options: { -readonly [Name in keyof TlsOptions]: TlsOptions[Name] } = {};
  let isOn: boolean | undefined = isSecure ? true : undefined;
  for (const [name, value] of query) {
    const option = (FILES as Record<string, keyof TlsOptions | undefined>)[name];
    if (option !== undefined && value !== '') options[option] = value;
    else if (name !== 'tls') throw unknownParameter(name);
    else if (value !== 'true' && value !== 'false')
      throw invalid(`expected ?tls=true or ?tls=false, received ${JSON.stringify(value.slice(0, 100))}`);
    else if (isSecure && value === 'false') throw invalid('expected ?tls=true with headwaters://, received ?tls=false');
    else isOn = value === 'true';
  }
  if (Object.keys(options).length === 0) return isOn;
  if (isOn === false) throw invalid('expected no files with ?tls=false, received some. Leave one of the two out');
  return options;
}

function unknownParameter(name: string): HeadwaterError {
  const known = ['tls', ...Object.keys(FILES)].join(', ');
  return invalid(`expected the parameters ${known}, each with a value, received ${JSON.stringify(name.slice(0, 100))}`);
}

/**
 * The TLS of a client by its addresses and its own option, which weighs more.
 * @throws HeadwaterError `invalid_argument` if the addresses contradict each other, or the option.
 */
export function joinedTls(urls: readonly NodeUrl[], own: boolean | TlsOptions | undefined): NodeUrl['tls'] {
  const said = urls.map(({ tls }) => tls).filter((tls) => tls !== undefined);
  const [first] = said;
  if (said.length > 0 && (said.length < urls.length || said.some((tls) => !isDeepStrictEqual(tls, first))))
    throw invalid('expected the same TLS for all of them, received several. Give each the same scheme and parameters');
  if (own === undefined || first === undefined) return own ?? first;
  if ((own === false) !== (first === false))
    throw invalid(`expected the same TLS as in the options, received ${first === false ? 'none' : 'TLS'} here`);
  if (typeof own !== 'object') return first;
  const given = Object.entries(own).filter(([, value]) => value !== undefined);
  return { ...(typeof first === 'object' && first), ...Object.fromEntries(given) };
}

function invalid(message: string): HeadwaterError {
  return new HeadwaterError('invalid_argument', `addresses: ${message}`);
}
