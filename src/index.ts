/** The public names of `headwater`: a node, and everything of the client. */
/// <reference types="node" preserve="true" />

export type { Logger } from './base/logger.js';
export * from './client/index.js';
export type { NodeConfig, NodeOptions } from './config.js';
export type { LiveOptions, LiveProgram, ProgramOption, ProgramOptions } from './live-options.js';
export type { ClusterControl } from './model/cluster.js';
export type { FailoverRequest, FollowRequest } from './model/leadership.js';
export type { ChangedOption, RereadOptions } from './model/node-option.js';
export { Node, type NodeSurroundings, type StopOptions } from './node.js';
export { VERSION } from './version.js';
