/**
 * Makes a fresh node ID for a data directory that is a copy of another node's. Two nodes under one ID cannot be told
 * apart: neither may follow the other, and they may not both follow one leader. The data stay, and with them the
 * cluster.
 */
import { randomBytes } from 'node:crypto';
import { systemFiles } from '../disk/files.js';
import { openLevel } from '../disk/level.js';
import { refuseAbsent } from './admission.js';
import { Directory, STOP_FIRST } from './directory.js';
import { Folder } from './folder.js';

/** The ID of a node before and after the change. */
export interface RenewedId {
  readonly nodeId: string;
  readonly nodeIdBefore: string;
}

/**
 * Replaces the ID of a node that is not running, durably when the promise resolves.
 * @throws HeadwaterError `directory_locked`, `foreign_directory`, `restore_unfinished`, `unknown_format`, `corrupt` or
 * `disk_full`.
 */
export async function renewNodeId(directory: string): Promise<RenewedId> {
  // `Directory.open` makes a missing directory, which here is a mistyped name.
  await refuseAbsent(new Folder(directory, systemFiles));
  const options = { files: systemFiles, openDatabase: openLevel, randomBytes, inUse: STOP_FIRST };
  const opened = await Directory.open(directory, options);
  try {
    const { node_id: nodeIdBefore } = opened.node.record;
    const nodeId = randomBytes(16).toString('hex');
    // A leadership was handed over by, or to, the node with the ID before.
    await opened.node.update({ node_id: nodeId, handing_over: undefined, grants: undefined });
    return { nodeId, nodeIdBefore };
  } finally {
    await opened.close();
  }
}
