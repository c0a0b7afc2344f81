/** What a node finds out about its machine. */
import assert from 'node:assert/strict';
import { fileSystemOf, kibibytesOf, lookAtMachine } from '../../src/disk/machine.js';

const MOUNTS = `21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
22 21 0:20 / /proc rw - proc proc rw
30 21 8:2 / /data rw,noatime shared:2 master:1 - xfs /dev/sdb rw
31 30 0:40 / /data/with\\040blank rw - nfs4 server:/export rw
32 21 0:41 / /data rw - tmpfs tmpfs rw
`;

describe('a look at the machine', () => {
  it('finds the file system that a path lies on', () => {
    for (const [path, type] of [
      ['/', 'ext4'],
      ['/var/lib/headwater', 'ext4'],
      ['/data', 'tmpfs'],
      ['/data/node', 'tmpfs'],
      ['/database', 'ext4'],
      ['/data/with blank/node', 'nfs4'],
    ] as const)
      assert.equal(fileSystemOf(path, MOUNTS), type, path);
    assert.equal(fileSystemOf('/data', ''), '');
  });

  it('reads amounts of memory', () => {
    assert.equal(kibibytesOf('VmSwap', 'VmRSS:\t     10 kB\nVmSwap:\t     3 kB\n'), 3 * 1024);
    assert.equal(kibibytesOf('VmSwap', 'VmRSS:\t     10 kB\n'), undefined);
  });

  it('sees this machine', async () => {
    const seen = await lookAtMachine('/proc', 5);
    assert.equal(seen.wallMs, 5);
    assert.equal(seen.fileSystem, 'proc');
    assert.equal(seen.diskBytes, undefined, 'proc has no size');
    assert(seen.openFiles && seen.openFiles > 2 && seen.residentBytes > 1e6 && seen.memoryBytes > seen.residentBytes);
    assert.equal(seen.nodeVersion, process.versions.node);
    assert.equal((await lookAtMachine('/no/such/place', 0)).diskFreeBytes, undefined);
  });
});
