/**
 * The end of a leader's last life, in `life.json`: whether its log may have lost a tail that others have. A killed
 * process loses nothing that the operating system had. A machine that goes down may lose some of it, unless the life
 * had ended with a durable point.
 */
import type { Folder } from './folder.js';

const NAME = 'life.json';

interface Life {
  /** The boot ID of the machine while the node led; empty if the machine does not tell. */
  readonly boot_id: string;
  /** Whether the life ended cleanly: everything was durable. */
  readonly ended_clean: boolean;
}

export class LifeNote {
  readonly #folder: Folder;
  readonly #bootId: () => string | undefined;
  /** The content of the file, as far as this process has written it. */
  #written = '';

  /** @param bootId returns the ID of the machine's start; undefined if the machine does not tell. */
  constructor(folder: Folder, bootId: () => string | undefined) {
    this.#folder = folder;
    this.#bootId = bootId;
  }

  /** Whether the life before this one may have lost a tail; has to be called before `note`. */
  async mayHaveLostTail(): Promise<boolean> {
    const last = parse(await this.#folder.read(NAME));
    if (!last || last.ended_clean) return false;
    const bootId = this.#bootId();
    return bootId === undefined || last.boot_id !== bootId;
  }

  /** Notes, durably, that this node is about to lead, or, if `clean`, that it has ended with a durable point. */
  async note({ clean }: { clean: boolean }): Promise<void> {
    const life: Life = { boot_id: this.#bootId() ?? '', ended_clean: clean };
    const text = `${JSON.stringify(life)}\n`;
    if (text === this.#written) return;
    await this.#folder.replace(NAME, text);
    this.#written = text;
  }
}

/** Reads the file. A damaged file counts as an unclean end, so a leader with known followers asks them. */
function parse(text: string | undefined): Life | undefined {
  if (text === undefined) return undefined;
  try {
    const { boot_id, ended_clean } = JSON.parse(text) as Life;
    return { boot_id: String(boot_id), ended_clean: ended_clean === true };
  } catch {
    return { boot_id: '', ended_clean: false };
  }
}
