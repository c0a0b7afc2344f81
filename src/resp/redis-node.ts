/** The parts of a node that the commands of Redis work on. src/redis-door.ts puts them together. */
import type { Access } from '../access/access.js';
import type { Users } from '../access/users.js';
import type { Clock } from '../base/clock.js';
import type { HeadwaterError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import type { KeyWatch } from '../model/key-watch.js';
import type { Position } from '../model/position.js';
import type { KeyspaceStore } from '../pipeline/frozen-range.js';
import type { CommandTap } from '../pipeline/monitors.js';
import type { NodeGuarantees } from '../pipeline/node-guarantees.js';
import type { PipelineStore } from '../pipeline/pipeline.js';
import type { SlowLog } from '../pipeline/slow-log.js';
import type { Channels } from './channels/channels.js';
import type { PushMemory } from './channels/pushes.js';
import type { RedisMonitors } from './channels/redis-monitors.js';
import type { FailoverOrder } from './failover-order.js';
import type { DoorCounts } from './info/door-counts.js';
import type { NodeControl } from './node-control.js';
import type { ScanCursors } from './scan-cursors.js';
import type { LeaderRelay } from './session/forwarded-writes.js';

/** The place of a value in memory: bytes[start..end), good in this turn alone. */
interface ValuePlace {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

/** The users of the node, as connections sign in. */
export type DoorAccess = Pick<
  Access,
  'anonymous' | 'inForce' | 'list' | 'identify' | 'authenticate' | 'refusalOf' | 'isNobody' | 'grantOf' | 'audit'
>;

export interface RedisNode {
  /** Decides who may do what. */
  readonly access: DoorAccess;
  /** The changes of users. */
  readonly users: Pick<Users, 'create' | 'change' | 'revoke'>;
  /** The way to the leader, if a follower forwards writes. Undefined if the follower refuses them. */
  readonly relay: LeaderRelay | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly tap: CommandTap;
  readonly slowLog: SlowLog;
  readonly writes: PipelineStore & {
    /** The reason why this leader takes no writes, undefined if it does, and on a follower. */
    readonly refusal: HeadwaterError | undefined;
    /** The reasons for which a leader refuses writes for a while. */
    readonly guards: { readonly refusal: HeadwaterError | undefined };
  };
  /** Reads that memory answers at once. */
  readonly memoryReads: {
    /** The position that the reads of this turn see. */
    readonly position: Position;
    /** Fetches the memory that `recall` will read for these keys, all at once. */
    warm(keys: readonly Buffer[]): void;
    /** The place of the string of a key. Undefined if the read has to be submitted. */
    recall(key: Buffer): ValuePlace | 'absent' | undefined;
  };
  /** Watches of keys that do not exist. */
  readonly watches: { begin(key: Buffer): KeyWatch };
  readonly keyspace: KeyspaceStore;
  /** The scans that clients have begun, by their cursors. */
  readonly scans: ScanCursors;
  readonly guarantees: NodeGuarantees & {
    /** The number of followers that wait can count on, those of followers too. */
    readonly durability: { readonly followers: number };
  };
  readonly control: NodeControl;
  readonly failovers: FailoverOrder;
  /** Counts over all clients of the Redis protocol. */
  readonly counts: DoorCounts;
  /** Options of the node that CONFIG GET shows under the names of Redis. */
  readonly options: {
    readonly data: string;
    readonly linkTimeoutMs: number;
    readonly serveStaleReads: boolean;
    readonly shutdownTimeoutMs: number;
    readonly slowLog: boolean;
    readonly slowLogMicroseconds: number;
    readonly slowLogLength: number;
  };
  readonly channels: Channels;
  readonly monitors: RedisMonitors;
  /** The memory of messages that answer no request. */
  readonly pushes: PushMemory;
  readonly roles: { readonly role: 'leader' | 'follower' };
  /** The refusal of a write on a follower. */
  readonly readOnly: HeadwaterError;
}
