/**
 * A consumer of the package: an empty folder into which the tarball is installed, as a user does it. The folder is made
 * once for all tests of a file.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const ROOT = path.join(import.meta.dirname, '../..');

/** The compilers by the name of their folder in the consumer's node_modules. The present one is the repository's own. */
const COMPILERS = { 'typescript-5.9': '5.9.3', 'typescript-6.0': '6.0.3' };

/** Errors of npm that mean that the registry cannot be reached. */
const UNREACHABLE = /ENOTCACHED|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|network/;

export class Consumer {
  readonly folder: string;
  /** The paths in the tarball. */
  readonly packed: readonly string[];

  private constructor(folder: string, packed: readonly string[]) {
    this.folder = folder;
    this.packed = packed;
  }

  /** Packs and installs. Undefined if the registry cannot be reached and npm's cache lacks something. */
  static async make(): Promise<Consumer | undefined> {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'headwater-consumer-'));
    // `npm test` has built already.
    const pack = await npm(ROOT, 'pack', '--ignore-scripts', '--json', '--pack-destination', folder);
    const [{ filename, files }] = JSON.parse(pack) as [{ filename: string; files: Array<{ path: string }> }];
    await writeFile(path.join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
    const compilers = Object.entries(COMPILERS).map(([name, version]) => `${name}@npm:typescript@${version}`);
    try {
      await npm(folder, 'install', '--prefer-offline', '--no-audit', '--no-fund', `./${filename}`, ...compilers);
    } catch (error) {
      await rm(folder, { recursive: true });
      if (UNREACHABLE.test(String(error))) return undefined;
      throw error;
    }
    const packed = files.map((file) => file.path);
    return new Consumer(folder, packed);
  }

  /** The folder of the installed package. */
  get installed(): string {
    return path.join(this.folder, 'node_modules/headwater');
  }

  async write(name: string, text: string): Promise<string> {
    const file = path.join(this.folder, name);
    await writeFile(file, text);
    return file;
  }

  read(name: string): Promise<string> {
    return readFile(path.join(this.installed, name), 'utf8');
  }

  /** Runs a file in the folder. @returns its output. */
  async node(...args: string[]): Promise<string> {
    const { stdout } = await run(process.execPath, args, { cwd: this.folder });
    return stdout;
  }

  /** Compiles with a compiler of the consumer, or with the repository's own. @returns its messages, empty if none. */
  async compile(compiler: string, ...options: string[]): Promise<string> {
    const home = compiler === 'typescript' ? ROOT : this.folder;
    const tsc = path.join(home, 'node_modules', compiler, 'bin/tsc');
    try {
      return (await this.node(tsc, ...options)).trim();
    } catch (error) {
      return (error as { stdout: string }).stdout.trim();
    }
  }

  async npm(...args: string[]): Promise<string> {
    return npm(this.folder, ...args);
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true });
  }
}

async function npm(folder: string, ...args: string[]): Promise<string> {
  const { stdout } = await run('npm', args, { cwd: folder, maxBuffer: 16 * 1024 * 1024 });
  return stdout;
}
