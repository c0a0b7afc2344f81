/**
 * Messages that Redis clients publish through this node, until the node delivers them to its own subscribers. So the
 * answer to PUBLISH counts those that got the message, and nobody who subscribes after the answer gets it.
 *
 * A message comes back through the stream of the node like all others. The node knows the message by its channel and its
 * bytes. Two equal messages can be taken for each other, since nobody can tell them apart.
 */
import { keyName } from '../../base/key-name.js';

/** A message that was published and is not delivered yet. */
export interface Delivery {
  readonly key: string;
  readonly data: Buffer;
  /** The number of subscribers that got the message. Undefined until then. */
  receivers: number | undefined;
  /** True when the message was delivered, or cannot be any more. */
  isOver: boolean;
  /** Called then. */
  onOver: () => void;
}

export class Deliveries {
  readonly #waiting = new Map<string, Delivery[]>();

  expect(channel: Buffer, data: Buffer): Delivery {
    const key = keyName(channel);
    const delivery: Delivery = { key, data, receivers: undefined, isOver: false, onOver: () => {} };
    const others = this.#waiting.get(key);
    if (others) others.push(delivery);
    else this.#waiting.set(key, [delivery]);
    return delivery;
  }

  delivered(channel: Buffer, data: Buffer, receivers: number): void {
    if (this.#waiting.size === 0) return;
    const delivery = this.#waiting.get(keyName(channel))?.find((one) => one.data.equals(data));
    if (!delivery) return;
    delivery.receivers = receivers;
    this.forget(delivery);
  }

  /** Ends the wait for a message. */
  forget(delivery: Delivery): void {
    const others = this.#waiting.get(delivery.key) ?? [];
    const place = others.indexOf(delivery);
    if (place >= 0) others.splice(place, 1);
    if (others.length === 0) this.#waiting.delete(delivery.key);
    delivery.isOver = true;
    delivery.onOver();
  }

  /** Ends the wait for all messages, since the node may have missed some. */
  forgetAll(): void {
    for (const delivery of [...this.#waiting.values()].flat()) this.forget(delivery);
  }
}
