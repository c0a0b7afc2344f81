/**
 * Messages on their way up to the leader, in one session with the upstream.
 * They are sent in the order in which they came, as many at a time as the
 * upstream's answers allow. The publisher always learns the outcome: an offset,
 * a refusal, or that the outcome is unknown.
 */
import type { Clock } from '../base/clock.js';
import { HeadwaterError } from '../base/errors.js';
import {
  PUBLISH_TIMEOUT_MS,
  PUBLISHING_BYTES_MAX,
  PUBLISHING_MAX,
  PUBLISHING_QUEUE_BYTES_MAX,
} from '../base/limits.js';
import type { Message } from '../store/writes.js';
import type { Publish, Published } from './frames.js';

interface Publication {
  readonly frame: Publish;
  readonly bytes: number;
  /** Stops the message's time-out. The time-out does not run while the message is being sent. */
  stopTimer: () => void;
  resolve(offset: number): void;
  reject(error: HeadwaterError): void;
}

/** Memory that a message takes beside its own bytes. */
const OVERHEAD_BYTES = 128;

/** The bound on unanswered messages in one session. The sender keeps to it, and the receiver enforces it. */
export class PublishingWindow {
  #count = 0;
  #bytes = 0;

  hasRoomFor(message: Pick<Message, 'channel' | 'data'>): boolean {
    if (this.#count === 0) return true;
    return this.#count < PUBLISHING_MAX && this.#bytes + bytesOf(message) <= PUBLISHING_BYTES_MAX;
  }

  take(message: Pick<Message, 'channel' | 'data'>): void {
    this.#count++;
    this.#bytes += bytesOf(message);
  }

  giveBack(message: Pick<Message, 'channel' | 'data'>): void {
    this.#count--;
    this.#bytes -= bytesOf(message);
  }
}

export class Publishing {
  readonly #clock: Clock;
  readonly #send: (frame: Publish) => Promise<void> | undefined;
  #sequence = 0;
  #waiting: Publication[] = [];
  #waitingBytes = 0;
  /** Messages that are sent and not answered, by sequence number. */
  readonly #sent = new Map<number, Publication>();
  readonly #window = new PublishingWindow();
  #sending = false;
  #closed: HeadwaterError | undefined;

  constructor({ clock, send }: { clock: Clock; send(frame: Publish): Promise<void> | undefined }) {
    this.#clock = clock;
    this.#send = send;
  }

  /**
   * Publishes a message.
   * @returns the message's own offset if it is durable, else the offset that it
   *   follows.
   * @throws HeadwaterError `overloaded` or `unavailable` if the message was not
   *   published, `outcome_unknown` if that cannot be known, or the leader's
   *   refusal.
   */
  publish(message: Message): Promise<number> {
    const bytes = bytesOf(message);
    if (this.#closed) return Promise.reject(this.#closed);
    if (this.#waiting.length > 0 && this.#waitingBytes + bytes > PUBLISHING_QUEUE_BYTES_MAX)
      return Promise.reject(overloaded(this.#waitingBytes));
    return new Promise((resolve, reject) => {
      const { channel, data, durable } = message;
      const frame: Publish = { kind: 'publish', sequence: ++this.#sequence, channel, data, durable };
      this.#waiting.push({ frame, bytes, stopTimer: this.#startTimer(frame), resolve, reject });
      this.#waitingBytes += bytes;
      void this.#flush();
    });
  }

  /** Takes the upstream's answer to a message. */
  answered({ sequence, offset, error }: Published): void {
    const publication = this.#sent.get(sequence);
    if (!publication) return;
    this.#forget(publication);
    if (error) publication.reject(error);
    else publication.resolve(offset);
    void this.#flush();
  }

  /** Fails every message, since the session has ended. */
  close(cause: HeadwaterError): void {
    this.#closed ??= unsent(cause);
    for (const publication of this.#waiting.splice(0)) {
      publication.stopTimer();
      publication.reject(this.#closed);
    }
    this.#waitingBytes = 0;
    for (const publication of this.#sent.values()) {
      this.#forget(publication);
      publication.reject(unknown(`the link to the upstream broke: ${cause.message}`, cause));
    }
  }

  async #flush(): Promise<void> {
    if (this.#sending) return;
    this.#sending = true;
    while (this.#waiting.length > 0 && this.#window.hasRoomFor((this.#waiting[0] as Publication).frame)) {
      const publication = this.#waiting.shift() as Publication;
      this.#waitingBytes -= publication.bytes;
      this.#sent.set(publication.frame.sequence, publication);
      this.#window.take(publication.frame);
      const drained = this.#send(publication.frame);
      if (!drained) continue;
      // Over a slow link a large message takes longer than the time-out, so it stops until the message is out. A dead
      // link ends the session.
      publication.stopTimer();
      await drained;
      if (this.#sent.get(publication.frame.sequence) === publication)
        publication.stopTimer = this.#startTimer(publication.frame);
    }
    this.#sending = false;
  }

  #startTimer({ sequence }: Publish): () => void {
    return this.#clock.after(PUBLISH_TIMEOUT_MS, () => this.#giveUp(sequence));
  }

  #giveUp(sequence: number): void {
    const sent = this.#sent.get(sequence);
    if (sent) {
      // The message keeps its room until the answer comes, since the upstream may still be working on it.
      sent.reject(unknown(`no answer from the leader within ${PUBLISH_TIMEOUT_MS} ms`));
      return;
    }
    const index = this.#waiting.findIndex(({ frame }) => frame.sequence === sequence);
    const [waiting] = index < 0 ? [] : this.#waiting.splice(index, 1);
    if (!waiting) return;
    this.#waitingBytes -= waiting.bytes;
    waiting.reject(overloaded(this.#waitingBytes));
  }

  #forget(publication: Publication): void {
    publication.stopTimer();
    this.#sent.delete(publication.frame.sequence);
    this.#window.giveBack(publication.frame);
  }
}

function bytesOf({ channel, data }: Pick<Message, 'channel' | 'data'>): number {
  return OVERHEAD_BYTES + channel.length + data.length;
}

function overloaded(waitingBytes: number): HeadwaterError {
  return new HeadwaterError(
    'overloaded',
    `the message was not published: ${waitingBytes} bytes of messages wait for the leader already. Try again later`,
  );
}

function unsent(cause: HeadwaterError): HeadwaterError {
  return new HeadwaterError('unavailable', `the message was not published: ${cause.message}`, { cause });
}

function unknown(why: string, cause?: HeadwaterError): HeadwaterError {
  return new HeadwaterError('outcome_unknown', `the message may or may not have been published: ${why}`, { cause });
}
