/**
 * The generations of a data directory: `CURRENT` names the one in use. A full resync makes the next one beside it, and
 * the switch is one durable change of that name.
 */
import path from 'node:path';
import { HeadwaterError } from '../base/errors.js';
import type { Folder } from './folder.js';

const CURRENT = 'CURRENT';
const STAND_IN = 'stand-in.new';
const NAME = /^gen-(\d{6})$/;

export class Generations {
  readonly #folder: Folder;
  #current: number;

  private constructor(folder: Folder, current: number) {
    this.#folder = folder;
    this.#current = current;
  }

  /** @returns undefined if there is no `CURRENT`. @throws HeadwaterError `corrupt`. */
  static async read(folder: Folder): Promise<Generations | undefined> {
    const text = await folder.read(CURRENT);
    if (text === undefined) return undefined;
    return new Generations(folder, numberIn(folder, text));
  }

  /** Names the first generation, which is not there yet. */
  static async create(folder: Folder): Promise<Generations> {
    await folder.write(CURRENT, textOf(1));
    return new Generations(folder, 1);
  }

  /** The names of the generations that are in the folder, in use or not. */
  static async names(folder: Folder): Promise<string[]> {
    return (await folder.list()).filter((name) => NAME.test(name));
  }

  /** The directory of the first generation. */
  static first(folder: Folder): string {
    return folder.at(nameOf(1));
  }

  /** The name of the generation in use. */
  get name(): string {
    return nameOf(this.#current);
  }

  /** The directory of the generation in use. */
  get current(): string {
    return this.#directory(this.#current);
  }

  /** Whether the generation in use is the first that the node has had. */
  get isFirst(): boolean {
    return this.#current === 1;
  }

  /** Makes an empty directory for the generation that may follow the current one. */
  async begin(): Promise<string> {
    const { files } = this.#folder;
    const next = this.#directory(this.#current + 1);
    await files.remove(next);
    await files.makeDirectory(next);
    return next;
  }

  /** Makes the new generation the current one, durably. The caller has closed its databases, durably. */
  async switchToNew(): Promise<void> {
    const next = this.#current + 1;
    await this.#sync(this.#directory(next));
    try {
      await this.#folder.write(CURRENT, textOf(next));
    } finally {
      // The content of the file counts, wherever the write failed.
      const text = await this.#folder.read(CURRENT);
      if (text !== undefined) this.#current = numberIn(this.#folder, text);
    }
  }

  /** Syncs the names in the generation in use, down to those of the databases' files. */
  sync(): Promise<void> {
    return this.#sync(this.current);
  }

  /** Deletes every generation but the current one: leftovers of a resync that was cut, or the one before a switch. */
  async removeOthers(): Promise<void> {
    await this.#removeAside();
    for (const name of await Generations.names(this.#folder))
      if (name !== this.name) await this.#folder.files.remove(this.#folder.at(name));
  }

  /**
   * Makes an empty directory for databases that replace a generation for a while, or are compared with it.
   * `removeOthers` deletes it too.
   */
  async aside(): Promise<string> {
    await this.#removeAside();
    const directory = this.#folder.at(STAND_IN);
    await this.#folder.files.makeDirectory(directory);
    return directory;
  }

  #removeAside(): Promise<void> {
    return this.#folder.files.remove(this.#folder.at(STAND_IN));
  }

  async #sync(generation: string): Promise<void> {
    const { files, path: parent } = this.#folder;
    for (const name of await files.list(generation)) await files.syncDirectory(path.join(generation, name));
    await files.syncDirectory(generation);
    await files.syncDirectory(parent);
  }

  #directory(number: number): string {
    return this.#folder.at(nameOf(number));
  }
}

function nameOf(number: number): string {
  return `gen-${String(number).padStart(6, '0')}`;
}

function textOf(number: number): string {
  return `${nameOf(number)}\n`;
}

function numberIn({ path: directory }: Folder, text: string): number {
  const number = /^gen-(\d{6})\n$/.exec(text)?.[1];
  if (number) return Number(number);
  throw new HeadwaterError(
    'corrupt',
    `${directory}/${CURRENT} is damaged: expected the name of a generation, received ${JSON.stringify(text.slice(0, 80))}. Run "headwater verify", or restore a backup`,
  );
}
