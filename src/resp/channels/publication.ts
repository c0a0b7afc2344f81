/** A published message in the forms in which Redis clients receive it. Each form is made once, when somebody needs it. */

import { ReplyWriter, type RespVersion } from '../codec/reply-writer.js';
import { Pushed } from './pushes.js';

/** The message with the words before it: its kind, and a pattern that matched. */
export class Publication {
  readonly #words: readonly Buffer[];
  readonly #forms: { [V in RespVersion]?: Pushed } = {};

  constructor(...words: readonly Buffer[]) {
    this.#words = words;
  }

  in(version: RespVersion): Pushed {
    const form = this.#forms[version] ?? this.#encoded(version);
    this.#forms[version] = form;
    return form;
  }

  #encoded(version: RespVersion): Pushed {
    const out = new ReplyWriter();
    out.version = version;
    out.begin('push', this.#words.length);
    for (const word of this.#words) out.bulk(word);
    const parts = out.take();
    return new Pushed(parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts));
  }
}
