/**
 * What one version of Headwater has written, in `fixtures/NAME/` (README.md). Directories and files are packed by tar
 * and brotli, so that a fixture has some kilobytes.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';

export const FIXTURES = fileURLToPath(new URL('fixtures', import.meta.url));

/** The position and the content of a node, or of a backup. */
export interface Content {
  readonly offset: number;
  readonly keys: number;
  readonly digest: string;
}

export interface About {
  /** The version in package.json. */
  readonly version: string;
  /** The commit, of which the version was built. */
  readonly commit: string;
  /** The day, in UTC. */
  readonly made: string;
  /** The leader at its end. The archive reaches as far. */
  readonly leader: Content;
  readonly backup: Content;
  /** The names of the users. Empty for a version without users. */
  readonly users: readonly string[];
  /** USER:SECRET of an administrator, if there are users. */
  readonly credentials?: string;
  /** What this version says when it refuses the data, for data that no version has promised to read. */
  readonly refused?: string;
  /** The steps of the scenario that the version did not have, with its answers. */
  readonly missing: Readonly<Record<string, string>>;
}

/** A recorded call, with its messages as base64. */
export interface WireCall {
  readonly path: string;
  readonly requests: readonly string[];
  readonly responses: readonly string[];
}

/** The names of all fixtures, oldest first. */
export function fixtureNames(): string[] {
  // A release comes behind the stages before it, as in 0.1.0-a, 0.1.0-b, 0.1.0.
  const order = (name: string) => (name.includes('-') ? name : `${name}-zzz`);
  return readdirSync(FIXTURES)
    .filter((name) => existsSync(path.join(FIXTURES, name, 'about.json')))
    .sort((a, b) => order(a).localeCompare(order(b), 'en', { numeric: true }));
}

export function aboutOf(name: string): About {
  return JSON.parse(readFileSync(path.join(FIXTURES, name, 'about.json'), 'utf8')) as About;
}

/** Unpacks `data.tar.br` of a fixture into a directory. */
export function unpack(name: string, directory: string): void {
  mkdirSync(directory, { recursive: true });
  execFileSync('tar', ['-xf', '-', '-C', directory], { input: read(name, 'data.tar.br') });
}

/** Packs files and directories of a directory. */
export function pack(directory: string, names: readonly string[], file: string): void {
  const options = [
    '--sort=name',
    '--owner=0',
    '--group=0',
    '--numeric-owner',
    '--mtime=@0',
    '--exclude=lock',
    '--exclude=ballast',
  ];
  const tar = execFileSync('tar', [...options, '-cf', '-', '-C', directory, ...names], { maxBuffer: 1 << 28 });
  writeFileSync(file, compressed(tar));
}

export function compressed(bytes: Buffer): Buffer {
  const params = { [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  return brotliCompressSync(bytes, { params });
}

export function wireOf(name: string): WireCall[] {
  return JSON.parse(read(name, 'wire.json.br').toString()) as WireCall[];
}

/** Whether a fixture has a file. */
export function has(name: string, file: string): boolean {
  return existsSync(path.join(FIXTURES, name, file));
}

/** The content of a compressed file of a fixture. */
export function read(name: string, file: string): Buffer {
  return brotliDecompressSync(readFileSync(path.join(FIXTURES, name, file)));
}
