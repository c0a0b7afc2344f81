/**
 * How a leader's last life ended, in `life.json`: whether its log may have lost
 * a tail that others have. A process that is killed loses nothing that the
 * operating system had; a machine that goes down may, unless the life had
 * ended with a durable point.
 */
import type { Directory } from './directory.js';

interface Life {
  /** Of the machine, while the node led; empty where it does not tell. */
  readonly boot_id: string;
  /** It ended in good order: everything was durable. */
  readonly ended_clean: boolean;
}

export class LifeNote {
  readonly #directory: Directory;
  readonly #bootId: () => string | undefined;
  /** What the file holds, as far as this process has written it. */
  #written = '';

  /** @param bootId of the machine's start; undefined where it does not tell. */
  constructor(directory: Directory, bootId: () => string | undefined) {
    this.#directory = directory;
    this.#bootId = bootId;
  }

  /** Of the life before this one; to be asked before anything is noted of this one. */
  async mayHaveLostTail(): Promise<boolean> {
    const last = parse(await this.#directory.read('life.json'));
    if (!last || last.ended_clean) return false;
    const bootId = this.#bootId();
    return bootId === undefined || last.boot_id !== bootId;
  }

  /** Durably: this node is about to lead; or, `clean`, has ended with a durable point. */
  async note({ clean }: { clean: boolean }): Promise<void> {
    const life: Life = { boot_id: this.#bootId() ?? '', ended_clean: clean };
    const text = `${JSON.stringify(life)}\n`;
    if (text === this.#written) return;
    await this.#directory.replace('life.json', text);
    this.#written = text;
  }
}

/** A damaged file says nothing: whoever has known followers asks them then. */
function parse(text: string | undefined): Life | undefined {
  if (text === undefined) return undefined;
  try {
    const { boot_id, ended_clean } = JSON.parse(text) as Life;
    return { boot_id: String(boot_id), ended_clean: ended_clean === true };
  } catch {
    return { boot_id: '', ended_clean: false };
  }
}
