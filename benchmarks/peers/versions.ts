/** The programs that stand beside Headwater in benchmarks, where they are installed. */
import { spawnSync } from 'node:child_process';

const PEERS: ReadonlyArray<readonly [program: string, version: RegExp]> = [
  ['redis-server', /v=(\S+)/],
  ['redis-benchmark', /redis-benchmark (\S+)/],
  ['etcd', /etcd Version: (\S+)/],
];

/** By program; of those that are not installed, undefined. */
export function versionsOfPeers(): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(PEERS.map(([program, pattern]) => [program, versionOf(program, pattern)]));
}

/** The sentence that a report has instead of figures. */
export function missing(program: string): string {
  return `${program} is not installed: its figures are missing.`;
}

export function redisVersion(): string | undefined {
  return versionsOfPeers()['redis-server'];
}

const known = new Map<string, string | undefined>();

export function hasProgram(program: string): boolean {
  const row = PEERS.find(([name]) => name === program);
  if (!row) throw new Error(`expected one of ${PEERS.map(([name]) => name).join(', ')}, received ${program}`);
  return versionOf(...row) !== undefined;
}

function versionOf(program: string, pattern: RegExp): string | undefined {
  if (!known.has(program)) {
    const found = spawnSync(program, ['--version'], { encoding: 'utf8' });
    known.set(program, pattern.exec(found.stdout ?? '')?.[1]);
  }
  return known.get(program);
}
