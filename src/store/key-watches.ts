/**
 * Keys that did not exist when somebody began to watch them. A key that exists has a version, by which a change shows. A
 * key that was absent, written and deleted since looks as before. So the blocks are looked through for such keys, only
 * while somebody watches one.
 */
import { keyName } from '../base/key-name.js';
import type { Block } from '../log/block.js';
import type { CommandVisitor } from '../model/command.js';
import type { KeyWatch } from '../model/key-watch.js';

interface Watch extends KeyWatch {
  isTouched: boolean;
}

const VISITOR: CommandVisitor = { put() {}, del() {}, touch() {}, clear() {}, message() {} };

export class KeyWatches {
  readonly #watches = new Map<string, Set<Watch>>();

  /** True while nobody watches a key. */
  get isEmpty(): boolean {
    return this.#watches.size === 0;
  }

  /** Watches a key until the watch ends. */
  begin(key: Buffer): KeyWatch {
    const name = keyName(key);
    const watch: Watch = { isTouched: false, end: () => this.#end(name, watch) };
    const others = this.#watches.get(name);
    if (others) others.add(watch);
    else this.#watches.set(name, new Set([watch]));
    return watch;
  }

  /** Notes the commands of a block that is applied. */
  saw(block: Block): void {
    if (this.isEmpty) return;
    const note = (keyStart: number, keyEnd: number) => {
      const name = keyName(block.bytes.subarray(keyStart, keyEnd));
      for (const watch of this.#watches.get(name) ?? []) watch.isTouched = true;
    };
    block.visit({ ...VISITOR, put: (_, keyStart, keyEnd) => note(keyStart, keyEnd) });
  }

  /** Notes that the data are replaced, or were read again, so that any key may have been written. */
  sawAll(): void {
    for (const watches of this.#watches.values()) for (const watch of watches) watch.isTouched = true;
  }

  /** A transaction that is under way must not take effect if the watch has ended, since nobody notes changes any more. */
  #end(name: string, watch: Watch): void {
    watch.isTouched = true;
    const others = this.#watches.get(name);
    others?.delete(watch);
    if (others?.size === 0) this.#watches.delete(name);
  }
}
