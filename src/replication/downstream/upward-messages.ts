/** Messages that a follower sends up to be published, and the answers to them. */
import { HeadwaterError } from '../../base/errors.js';
import { PUBLISHING_BYTES_MAX, PUBLISHING_MAX } from '../../base/limits.js';
import type { DownFrame, Publish } from '../frames.js';
import { PublishingWindow } from '../publish-window.js';
import type { TreePlace } from './feed-node.js';

export class UpwardMessages {
  readonly #place: Pick<TreePlace, 'publish'>;
  readonly #send: (frame: DownFrame) => unknown;
  /** The messages that are not answered yet. */
  readonly #window = new PublishingWindow();

  constructor(place: Pick<TreePlace, 'publish'>, send: (frame: DownFrame) => unknown) {
    this.#place = place;
    this.#send = send;
  }

  /**
   * Publishes in the order of the frames: each message is passed on before the next is read.
   * @throws HeadwaterError `protocol_violation` at once, if the follower sends more than it may.
   */
  take({ sequence, ...message }: Publish): void {
    if (!this.#window.hasRoomFor(message))
      throw new HeadwaterError(
        'protocol_violation',
        `expected at most ${PUBLISHING_MAX} messages, or ${PUBLISHING_BYTES_MAX} bytes of them, without an answer, received more`,
      );
    this.#window.take(message);
    const answer = (offset: number, error: HeadwaterError | undefined) => {
      this.#window.giveBack(message);
      this.#send({ kind: 'published', sequence, offset, error });
    };
    this.#place.publish(message).then(
      (offset) => answer(offset, undefined),
      (error) => answer(0, HeadwaterError.from(error)),
    );
  }
}
