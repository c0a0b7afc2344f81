/**
 * The files of one directory, by name. A file is replaced whole: written aside, synced, renamed, and the directory
 * synced. Changes are durable when their promises resolve.
 */
import path from 'node:path';
import { HeadwaterError } from '../base/errors.js';
import { systemReason } from '../base/system-errors.js';
import { type Files, isOutOfSpace, replaceFile } from '../disk/files.js';

export class Folder {
  readonly path: string;
  readonly files: Files;

  constructor(directory: string, files: Files) {
    this.path = directory;
    this.files = files;
  }

  /** The path of a name in the folder. */
  at(name: string): string {
    return path.join(this.path, name);
  }

  list(): Promise<string[]> {
    return this.files.list(this.path);
  }

  async has(name: string): Promise<boolean> {
    return (await this.files.read(this.at(name))) !== undefined;
  }

  /** Reads a file as text; undefined if there is none. */
  async read(name: string): Promise<string | undefined> {
    return (await this.files.read(this.at(name)))?.toString();
  }

  /** Makes a file, or replaces it. */
  write(name: string, text: string): Promise<void> {
    return replaceFile(this.files, this.path, name, text);
  }

  /** Makes a file, or replaces it. @throws HeadwaterError `disk_full`: the file is unchanged then. */
  async replace(name: string, text: string): Promise<void> {
    try {
      await this.write(name, text);
    } catch (error) {
      if (!isOutOfSpace(error)) throw error;
      const message = `the disk is full: ${this.at(name)} cannot be written: ${systemReason(error)}`;
      throw new HeadwaterError('disk_full', message, { cause: error });
    }
  }

  /** Makes an empty file: a full disk often still has room for that. */
  async touch(name: string): Promise<void> {
    await (await this.files.create(this.at(name))).close();
    await this.files.syncDirectory(this.path);
  }

  async remove(name: string): Promise<void> {
    await this.files.remove(this.at(name));
    await this.files.syncDirectory(this.path);
  }

  /** Removes everything but the names given; the caller makes that durable. */
  async clearAllBut(kept: readonly string[]): Promise<void> {
    for (const name of await this.list()) if (!kept.includes(name)) await this.files.remove(this.at(name));
  }

  /** Returns the path of a directory in the folder, which is made if it is missing. */
  async directory(name: string): Promise<string> {
    await this.files.makeDirectory(this.at(name));
    await this.files.syncDirectory(this.path);
    return this.at(name);
  }
}
