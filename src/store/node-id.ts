/**
 * A fresh node ID for a data directory that is a copy of another node's: two
 * nodes under one ID cannot be told apart, so neither may follow the other, nor
 * both the same leader. The data stay, and with them the cluster.
 */
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { HeadwaterError } from '../base/errors.js';
import { systemFiles } from '../disk/files.js';
import { openLevel } from '../disk/level.js';
import { Directory } from './directory.js';

export interface RenewedId {
  readonly nodeId: string;
  readonly nodeIdBefore: string;
}

/**
 * The node must not be running. Durable when it resolves.
 * @throws HeadwaterError `directory_locked`, `foreign_directory`, `restore_unfinished`, `unknown_format`, `corrupt` or `disk_full`.
 */
export async function renewNodeId(directory: string): Promise<RenewedId> {
  // Opening makes what is missing; here that is a mistyped name.
  const names = ['CURRENT', 'restoring'].map((name) => systemFiles.read(path.join(directory, name)));
  if ((await Promise.all(names)).every((bytes) => bytes === undefined))
    throw new HeadwaterError('foreign_directory', `${directory} is no data directory: there is no CURRENT in it`);
  const opened = await Directory.open(directory, { files: systemFiles, openDatabase: openLevel, randomBytes });
  try {
    const { node_id: nodeIdBefore } = opened.node;
    const nodeId = randomBytes(16).toString('hex');
    // A leadership was handed over by, or to, the node with the ID before.
    await opened.update({ node_id: nodeId, handing_over: undefined, grants: undefined });
    return { nodeId, nodeIdBefore };
  } finally {
    await opened.close();
  }
}
