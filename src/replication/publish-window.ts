/**
 * Messages on their way up to the leader, at one session with the upstream: sent
 * in the order in which they came, so many at a time as the upstream's answers
 * allow. What becomes of one is always said: a place, a refusal, or that it is
 * not known.
 */
import type { Clock } from '../base/clock.js';
import { HeadwaterError } from '../base/errors.js';
import {
  PUBLISH_TIMEOUT_MS,
  PUBLISHING_BYTES_MAX,
  PUBLISHING_MAX,
  PUBLISHING_QUEUE_BYTES_MAX,
} from '../base/limits.js';
import type { Message } from '../store/store.js';
import type { Published } from '../wire/down-frames.js';
import type { Publish } from '../wire/up-frames.js';

interface Publication {
  readonly frame: Publish;
  readonly bytes: number;
  /** Ends the time that it has; while it is being sent it has no end. */
  stopTimer: () => void;
  resolve(offset: number): void;
  reject(error: HeadwaterError): void;
}

/** What a message takes up beside its bytes. */
const OVERHEAD_BYTES = 128;

/** What may be on its way up one session and not answered: the sender keeps to it, and the receiver to that. */
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
  /** Sent and not answered, by sequence. */
  readonly #sent = new Map<number, Publication>();
  readonly #window = new PublishingWindow();
  #sending = false;
  #closed: HeadwaterError | undefined;

  constructor({ clock, send }: { clock: Clock; send(frame: Publish): Promise<void> | undefined }) {
    this.#clock = clock;
    this.#send = send;
  }

  /**
   * @returns the offset that the message has, or follows.
   * @throws HeadwaterError `overloaded` or `unavailable` where it has not been
   *   published, `outcome_unknown` where that cannot be known, or the leader's refusal.
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

  /** The upstream has said what became of one. */
  answered({ sequence, offset, error }: Published): void {
    const publication = this.#sent.get(sequence);
    if (!publication) return;
    this.#forget(publication);
    if (error) publication.reject(error);
    else publication.resolve(offset);
    void this.#flush();
  }

  /** Nothing more is answered: the session has ended. */
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
      // Over a slow link a large message takes longer than an answer is waited for. A dead link ends the session.
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
      // It keeps its room until it is answered: above, it may still be in hand.
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
    `the message was not published: ${waitingBytes} bytes of messages wait already to be sent up to the leader`,
  );
}

function unsent(cause: HeadwaterError): HeadwaterError {
  return new HeadwaterError('unavailable', `the message was not published: ${cause.message}`, { cause });
}

function unknown(why: string, cause?: HeadwaterError): HeadwaterError {
  return new HeadwaterError('outcome_unknown', `the message may or may not have been published: ${why}`, { cause });
}
