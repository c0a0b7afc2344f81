/**
 * Keeps the loaded part of a full resync over the end of its session, so that the next session continues behind the last
 * loaded key instead of the first one. The next upstream may be another node. The handshake has the offer, and the
 * upstream decides (../resume.ts). A part that the next resync does not continue is deleted.
 */
import { HeadwaterError } from '../../base/errors.js';
import { RESUME_KEY_BYTES_MAX } from '../../base/limits.js';
import type { Logger } from '../../base/logger.js';
import { formatToken } from '../../model/position.js';
import type { Replacement } from '../../store/replacement.js';
import type { FullResync, KeptLoad } from '../frames.js';

/** A load whose session has ended before the load was proven. */
interface EndedLoad {
  readonly replacement: Replacement;
  readonly clusterId: string;
  readonly keysEstimate: number;
  /** Whether a part of an interrupted load was its beginning. */
  readonly isResumed: boolean;
  /** Whether all that was added is in place. */
  readonly isSound: boolean;
}

/** A session that ends in one of these ways says nothing against the data. */
const HARMLESS: ReadonlySet<string> = new Set(['unreachable', 'unavailable', 'cancelled', 'shutting_down']);

/** A load that fails in one of these ways may still have been right to resume: the disk is full, or a proof was ended. */
const NO_FAULT: ReadonlySet<string> = new Set(['disk_full', 'cancelled']);

export class LoadKeeper {
  readonly #logger: Logger;
  #kept: EndedLoad | undefined;
  /** False from a resumed load that failed until a full resync is complete: the next one is loaded whole. */
  #mayResume = true;

  constructor({ logger }: { readonly logger: Logger }) {
    this.#logger = logger;
  }

  /** The kept part, for the handshake. Undefined if there is none. */
  get offer(): KeptLoad | undefined {
    const { replacement, clusterId } = this.#kept ?? {};
    if (replacement?.lastKey === undefined || clusterId === undefined) return undefined;
    return { clusterId, logEnd: replacement.end, lastKey: replacement.lastKey, keys: replacement.keys };
  }

  /** The number of kept keys, and the estimate of all keys, for display. */
  get progress(): { keys: number; keysEstimate: number } | undefined {
    return this.#kept && { keys: this.#kept.replacement.keys, keysEstimate: this.#kept.keysEstimate };
  }

  /** Keeps a load whose session has ended for `reason`, or deletes it if it cannot be continued. */
  async ended(load: EndedLoad, reason: HeadwaterError): Promise<void> {
    const { replacement, isResumed, isSound } = load;
    const hasFailed = !isSound || !HARMLESS.has(reason.code);
    if (hasFailed && isResumed && !NO_FAULT.has(reason.code)) {
      this.#mayResume = false;
      this.#logger.error(
        { code: reason.code },
        `a full resync that had resumed has failed: ${reason.message}. The next one begins from the first key`,
      );
    }
    const { lastKey } = replacement;
    const fits = lastKey !== undefined && lastKey.length <= RESUME_KEY_BYTES_MAX;
    this.#kept = load;
    if (hasFailed || !this.#mayResume || !fits) await this.drop();
    else
      this.#logger.info(
        { keys: replacement.keys, offset: replacement.end.offset },
        `the interrupted full resync keeps ${replacement.keys} keys and the log up to offset ${replacement.end.offset}. The next session resumes it if the upstream has that log`,
      );
  }

  /**
   * Returns the kept part, which the resync of `frame` continues.
   * @throws HeadwaterError `protocol_violation` if there is no such part.
   */
  resume(frame: FullResync): Replacement {
    const { offer } = this;
    const { logFrom, position, upstream } = frame;
    const isOffered =
      offer && logFrom && formatToken(logFrom) === formatToken(offer.logEnd) && upstream.clusterId === offer.clusterId;
    const replacement = this.#kept?.replacement;
    if (!isOffered || !replacement || position.offset < offer.logEnd.offset)
      throw new HeadwaterError(
        'protocol_violation',
        `expected a full resync that continues the kept part (${offer ? formatToken(offer.logEnd) : 'none'}), received one from ${logFrom && formatToken(logFrom)} to ${formatToken(position)}`,
      );
    this.#kept = undefined;
    replacement.continueAt(position);
    return replacement;
  }

  /** Notes that a full resync is complete. */
  completed(): void {
    this.#mayResume = true;
  }

  /** Deletes the kept part, if there is one. Files that cannot be deleted stay until the next full resync, or the next start. */
  async drop(): Promise<void> {
    const kept = this.#kept;
    this.#kept = undefined;
    await kept?.replacement
      .abandon()
      .catch((error: Error) =>
        this.#logger.warn({}, `the loaded part of a full resync stays on disk: ${error.message}`),
      );
  }
}
