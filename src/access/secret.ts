/**
 * Secrets of users. A secret is kept as its scrypt hash, and compared in constant time. A hash takes some 40 ms of a
 * thread and 16 MiB, so few are made at a time, and the caller of too many is refused: a flood of wrong secrets costs
 * the node no more than that. Changes of users by administrators have a place of their own.
 */
import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import {
  SECRET_CHECKS_MAX,
  SECRET_CHECKS_OF_ADDRESS_WAITING_MAX,
  SECRET_CHECKS_WAITING_MAX,
  USERS_MAX,
} from '../base/limits.js';
import { SecretQueue, type SecretSource } from './secret-queue.js';

/** A hash as it stands in a record. */
export interface SecretHash {
  readonly kind: 'scrypt';
  readonly cost: number;
  readonly blockSize: number;
  readonly parallel: number;
  /** Bytes in base64. */
  readonly salt: string;
  readonly hash: string;
}

const COST = 16_384;
const BLOCK_SIZE = 8;
const HASH_BYTES = 32;
const SALT_BYTES = 16;
/** 256 bits. */
const DRAWN_BYTES = 32;
/** The largest cost that a record may name, so that no record costs the node more memory. */
const COST_MAX = 65_536;

export function drawSecret(): string {
  return randomBytes(DRAWN_BYTES).toString('base64url');
}

/** Makes and checks hashes, few at a time. */
export class SecretHasher {
  readonly #checks = new SecretQueue({
    running: SECRET_CHECKS_MAX,
    waiting: SECRET_CHECKS_WAITING_MAX,
    waitingEach: SECRET_CHECKS_OF_ADDRESS_WAITING_MAX,
  });
  readonly #changes = new SecretQueue({ running: 1, waiting: USERS_MAX, waitingEach: USERS_MAX });
  /** A hash that no secret has: an unknown user costs the caller as much time as a known one. */
  readonly #nobody: SecretHash = {
    kind: 'scrypt',
    cost: COST,
    blockSize: BLOCK_SIZE,
    parallel: 1,
    salt: randomBytes(SALT_BYTES).toString('base64'),
    hash: randomBytes(HASH_BYTES).toString('base64'),
  };

  /** The hash of a new secret. */
  async hash(secret: string): Promise<SecretHash> {
    const salt = randomBytes(SALT_BYTES);
    const hash = await this.#changes.run({ address: '', user: '' }, () =>
      derive(secret, salt, { cost: COST, blockSize: BLOCK_SIZE, parallel: 1 }),
    );
    const texts = { salt: salt.toString('base64'), hash: hash.toString('base64') };
    return { kind: 'scrypt', cost: COST, blockSize: BLOCK_SIZE, parallel: 1, ...texts };
  }

  /**
   * @param known the hash of the user. Undefined for a user that is not known.
   * @throws HeadwaterError `overloaded` if too many wait.
   */
  async matches(secret: string, known: SecretHash | undefined, source: SecretSource): Promise<boolean> {
    const { salt, hash, ...parameters } = known ?? this.#nobody;
    const expected = Buffer.from(hash, 'base64');
    if (parameters.kind !== 'scrypt' || expected.length !== HASH_BYTES || parameters.cost > COST_MAX) return false;
    const derived = await this.#checks.run(source, () => derive(secret, Buffer.from(salt, 'base64'), parameters));
    return timingSafeEqual(derived, expected) && known !== undefined;
  }
}

function derive(
  secret: string,
  salt: Buffer,
  { cost, blockSize, parallel }: Pick<SecretHash, 'cost' | 'blockSize' | 'parallel'>,
): Promise<Buffer> {
  const options: ScryptOptions = { N: cost, r: blockSize, p: parallel, maxmem: 256 * cost * blockSize };
  return new Promise((resolve, reject) => {
    scrypt(secret, salt, HASH_BYTES, options, (error, hash) => (error ? reject(error) : resolve(hash)));
  });
}
