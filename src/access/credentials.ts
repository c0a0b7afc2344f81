/**
 * The name and the secret of a user, as a caller sends them: `user:secret` in text, and in the metadata of gRPC under
 * `authorization`. No server code here: clients use this file too. No message has a secret in it.
 */
import { HeadwaterError } from '../base/errors.js';

/** A user and its secret. */
export interface Credentials {
  /** The name of the user. */
  readonly user: string;
  /** The secret of the user. */
  readonly secret: string;
}

/** The name of the metadata that carry credentials. */
export const AUTHORIZATION = 'authorization';

const FORM = 'USER:SECRET';

/**
 * Reads `user:secret`, as it stands in a file or an environment variable.
 * @param where the place, for the message.
 * @throws HeadwaterError `invalid_argument`. The message has no part of the text.
 */
export function parseCredentials(text: string, where: string): Credentials {
  const [line = '', ...rest] = text.replace(/\r?\n$/, '').split(/\r?\n/);
  const credentials = rest.length === 0 ? credentialsIn(line) : undefined;
  if (credentials) return credentials;
  throw new HeadwaterError(
    'invalid_argument',
    `${where}: expected one line ${FORM}, received ${rest.length + 1} ${rest.length === 0 ? 'line without a colon' : 'lines'}`,
  );
}

/**
 * The name of a file for a message that says that it cannot be read. Somebody may have given the credentials themselves
 * in the place of the file.
 */
export function shownFile(file: string): string {
  if (!file.slice(file.lastIndexOf('/') + 1).includes(':')) return file;
  return 'text with a colon, which is not repeated here because it may be a secret';
}

function credentialsIn(text: string): Credentials | undefined {
  const colon = text.indexOf(':');
  return colon > 0 ? { user: text.slice(0, colon), secret: text.slice(colon + 1) } : undefined;
}

export function authorizationOf({ user, secret }: Credentials): string {
  return `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`;
}

/** @throws HeadwaterError `unauthenticated` if it has another form. */
export function credentialsOfAuthorization(text: string): Credentials {
  const [, scheme = '', value = ''] = /^(Basic|Bearer) +(\S.*)$/i.exec(text) ?? [];
  const plain = scheme.toLowerCase() === 'basic' ? Buffer.from(value, 'base64').toString() : value;
  const credentials = credentialsIn(plain);
  if (credentials) return credentials;
  throw new HeadwaterError(
    'unauthenticated',
    `${AUTHORIZATION}: expected "Basic " with the base64 of ${FORM}, or "Bearer ${FORM}", received another form`,
  );
}
