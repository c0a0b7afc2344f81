/** Programs that not every machine has. A test that needs one is skipped without it, visibly. `.ci/run` installs them. */
import { spawnSync } from 'node:child_process';

/** Tells whether the command succeeds. It does not if its program is missing. */
export function isInstalled(program: string, ...args: string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0;
}

/** The first Python that has the package: the system's own, if that of the path has none. */
export function pythonWith(name: string): string | undefined {
  return ['python3', '/usr/bin/python3'].find((python) => isInstalled(python, '-c', `import ${name}`));
}

/** Skips a test, or all tests of a `describe` in its `before`, unless what they need is there. Says what that is. */
export function skipUnless(test: Mocha.Context, isThere: unknown, needed: string): asserts isThere {
  if (isThere) return;
  console.log(`      skipped: needs ${needed}`);
  test.skip();
}
