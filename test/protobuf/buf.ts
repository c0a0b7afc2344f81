/** Runs buf, the tool that checks .proto files and calls services by them. */
import { execFile } from 'node:child_process';
import path from 'node:path';

export const PROTO = path.join(import.meta.dirname, '../../proto');

const PROGRAM = path.join(import.meta.dirname, '../../node_modules/@bufbuild/buf/bin/buf');

export interface Finished {
  readonly status: number;
  /** All that the program said, on both outputs. */
  readonly output: string;
}

/** Resolves when the program has ended, also if it failed or could not be started. */
export function buf(...args: readonly string[]): Promise<Finished> {
  return finished(process.execPath, [PROGRAM, ...args]);
}

/** Runs a program, as `buf` does. */
export function finished(
  command: string,
  args: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv; readonly timeout?: number } = {},
): Promise<Finished> {
  return new Promise((resolve) => {
    execFile(command, args, { ...options, encoding: 'utf8' }, (error, stdout, stderr) => {
      const status = error === null ? 0 : Number(error.code ?? 1);
      resolve({ status, output: (stdout + stderr).trim() });
    });
  });
}
