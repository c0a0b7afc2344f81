/** Places of archives as upstreams: a node dials them as it dials another node. */

import type { Place } from '../backup/place.js';
import type { Clock } from '../base/clock.js';
import { HeadwaterError } from '../base/errors.js';
import { ARCHIVE_LOOK_MS_MAX, ARCHIVE_LOOKS } from '../base/limits.js';
import type { UpChannel } from '../replication/channel.js';
import { ArchiveChannel } from './channel.js';
import { ArchiveFeed } from './feed.js';

export interface ArchiveUpstreamOptions {
  readonly clock: Clock;
  readonly heartbeatIntervalMs: number;
  /** The time that a write may wait until it is in the archive. The place is looked at several times in it. */
  readonly intervalMs: number;
  open(place: string): Promise<Place>;
}

export class ArchiveUpstream {
  readonly #options: ArchiveUpstreamOptions;
  readonly #places = new Map<string, Place>();

  constructor(options: ArchiveUpstreamOptions) {
    this.#options = options;
  }

  /**
   * Opens a place, once.
   * @throws HeadwaterError `invalid_argument` if a bucket needs packages that are missing, or the key cannot be read.
   */
  async open(text: string): Promise<Place> {
    const place = this.#places.get(text) ?? (await this.#options.open(text));
    this.#places.set(text, place);
    return place;
  }

  /** Begins a session. @throws as `open`. */
  async dial(text: string): Promise<UpChannel> {
    const place = await this.open(text);
    const { clock, heartbeatIntervalMs } = this.#options;
    const channel = new ArchiveChannel();
    const options = this.#options;
    const feed = new ArchiveFeed({
      place,
      channel,
      clock,
      heartbeatIntervalMs,
      get lookMs() {
        return Math.min(ARCHIVE_LOOK_MS_MAX, options.intervalMs / ARCHIVE_LOOKS);
      },
    });
    feed.run().catch((error: unknown) => channel.close(HeadwaterError.from(error)));
    return channel;
  }
}
