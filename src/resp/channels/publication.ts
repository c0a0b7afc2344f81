/** A published message in the forms in which Redis clients receive it. Each form is made once, when somebody needs it. */

import { ReplyWriter, type RespVersion } from '../codec/reply-writer.js';
import { Pushed } from './pushes.js';

type Forms = [resp2: Pushed | undefined, resp3: Pushed | undefined];

/** The message with the words before it: its kind, and a pattern that matched. */
export class Publication {
  readonly #words: readonly Buffer[];
  readonly #forms: Forms = [undefined, undefined];

  constructor(...words: readonly Buffer[]) {
    this.#words = words;
  }

  in(version: RespVersion): Pushed {
    const index = version === 3 ? 1 : 0;
    const form = this.#forms[index] ?? this.#encoded(version);
    this.#forms[index] = form;
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
