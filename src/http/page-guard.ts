/**
 * Asks access/ who may see a page. Every user may, as every user may call Status. A browser asks its person for the name
 * and the secret, and a scraper sends them in its `Authorization`. Before the data are open the users are not known. Then
 * everybody gets the pages that say so, and nobody keeps one when the users are there.
 */
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { Access } from '../access/access.js';
import { credentialsOfAuthorization } from '../access/credentials.js';
import type { Grant } from '../access/grant.js';
import { identityOf } from '../access/peer.js';
import { ANY_USER } from '../access/roles.js';
import { HeadwaterError } from '../base/errors.js';
import { type Answer, refusal } from './answer.js';
import { type Guard, OPEN_PASS, type Pass } from './guard.js';

/** Makes a browser ask its person. */
const CHALLENGE = { 'WWW-Authenticate': 'Basic realm="Headwater", charset="UTF-8"' };

export class PageGuard implements Guard {
  readonly #forAll: ReadonlySet<string>;
  readonly #early = new Set<() => void>();
  #access: Access | undefined;

  /** @param forAll the pages that need no user. */
  constructor(forAll: ReadonlySet<string>) {
    this.#forAll = forAll;
  }

  /** Asks there from now on. Views that were admitted before end, and their browsers ask again. */
  ask(access: Access): void {
    this.#access = access;
    for (const end of this.#early) end();
    this.#early.clear();
  }

  async admit(request: IncomingMessage, page: string): Promise<Pass | Answer> {
    if (this.#forAll.has(page)) return OPEN_PASS;
    const access = this.#access;
    if (!access) return this.#earlyPass();
    let user = '(not known)';
    try {
      const grant = await grantOf(request, access);
      user = grant.name;
      const why = access.refusalOf(grant, ANY_USER, page);
      if (why) throw why;
      return grant;
    } catch (failure) {
      const error = HeadwaterError.from(failure);
      access.audit.refused({ user, peer: addressOf(request), call: page }, error.message);
      return refused(error);
    }
  }

  #earlyPass(): Pass {
    return {
      onEnd: (task) => {
        this.#early.add(task);
        return () => this.#early.delete(task);
      },
    };
  }
}

/** The rights of the caller, by the secret that it shows, or by its certificate. */
async function grantOf({ headers, socket }: IncomingMessage, access: Access): Promise<Grant> {
  const { authorization } = headers;
  if (authorization !== undefined)
    return access.authenticate(credentialsOfAuthorization(authorization), addressOf({ socket }));
  if (socket instanceof TLSSocket && socket.authorized)
    return access.identify(identityOf(socket.getPeerCertificate()).names) ?? access.anonymous;
  return access.anonymous;
}

function refused({ code, message }: HeadwaterError): Answer {
  if (code === 'unauthenticated') return refusal(401, message, CHALLENGE);
  return refusal(code === 'permission_denied' ? 403 : 503, message);
}

function addressOf({ socket }: Pick<IncomingMessage, 'socket'>): string {
  return `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`;
}
