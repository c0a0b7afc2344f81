/**
 * Looks at the machine and the process of a node. Linux tells in text files, which
 * https://docs.kernel.org/filesystems/proc.html describes. Other systems do not have them, and the values are undefined.
 */
import { readdir, readFile, realpath, statfs } from 'node:fs/promises';
import os from 'node:os';
import { openFilesMax } from '../base/descriptors.js';
import { DESCRIPTORS_WANTED } from '../base/limits.js';
import type { MachineReport } from '../model/machine.js';

const KIB = 1024;

/** @param data the data directory. @param wallMs the clock of the node. */
export async function lookAtMachine(data: string, wallMs: number): Promise<MachineReport> {
  const [status, memory, hugepages, mounts, place, disk, descriptors] = await Promise.all([
    textOf('/proc/self/status'),
    textOf('/proc/meminfo'),
    textOf('/sys/kernel/mm/transparent_hugepage/enabled'),
    textOf('/proc/self/mountinfo'),
    realpath(data).catch(() => data),
    statfs(data).catch(() => undefined),
    readdir('/proc/self/fd').catch(() => undefined),
  ]);
  const hasSize = disk !== undefined && disk.blocks > 0;
  return {
    wallMs,
    // The look itself has one open.
    openFiles: descriptors && descriptors.length - 1,
    openFilesMax: openFilesMax(),
    openFilesWanted: DESCRIPTORS_WANTED,
    memoryBytes: os.totalmem(),
    memoryAvailableBytes: kibibytesOf('MemAvailable', memory),
    memoryLimitBytes: memoryLimit(),
    residentBytes: process.memoryUsage.rss(),
    swappedBytes: kibibytesOf('VmSwap', status),
    transparentHugepages: /\[(\w+)\]/.exec(hugepages)?.[1] ?? '',
    fileSystem: fileSystemOf(place, mounts),
    diskFreeBytes: hasSize ? disk.bavail * disk.bsize : undefined,
    diskBytes: hasSize ? disk.blocks * disk.bsize : undefined,
    data: place,
    nodeVersion: process.versions.node,
    processors: os.availableParallelism(),
  };
}

/** The value of a line such as `VmSwap:      12 kB`, in bytes. */
export function kibibytesOf(name: string, text: string): number | undefined {
  const [, value] = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text) ?? [];
  return value === undefined ? undefined : Number(value) * KIB;
}

/**
 * The type of the file system that a path lies on.
 * @param mounts lines of `mountinfo`: the fifth field is the mount point, and the type stands behind a lone hyphen.
 */
export function fileSystemOf(path: string, mounts: string): string {
  let found = { point: '', type: '' };
  for (const line of mounts.split('\n')) {
    const fields = line.split(' ');
    const point = (fields[4] ?? '').replace(/\\([0-7]{3})/g, (_, octal) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    const isAbove = point !== '' && (path === point || path.startsWith(point.endsWith('/') ? point : `${point}/`));
    // A later mount at the same point hides an earlier one.
    if (isAbove && point.length >= found.point.length) found = { point, type: fields[fields.indexOf('-') + 1] ?? '' };
  }
  return found.type;
}

/** Node reports a number that no machine has if there is no limit. */
function memoryLimit(): number | undefined {
  const bytes = process.constrainedMemory();
  return bytes > 0 && bytes < os.totalmem() ? bytes : undefined;
}

function textOf(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '');
}
