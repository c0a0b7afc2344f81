/**
 * The public names of `headwater/client`: the client without a server. The entry loads no server code and no native
 * add-on.
 */
/// <reference types="node" preserve="true" />

export type { Credentials } from '../access/credentials.js';
export type { TlsOptions } from '../access/tls/client-tls.js';
export type { AnyDetails, CommonDetails, DetailsByCode, DurabilityReached } from '../base/error-details.js';
export {
  AbortError,
  type Details,
  type DetailsOf,
  DiskFull,
  DurabilityNotReached,
  ERROR_CODES,
  type ErrorCode,
  HeadwaterError,
  type HeadwaterErrorOptions,
  LostBranch,
  NoLeader,
  OutcomeUnknown,
  Overloaded,
  ReadOnlyFollower,
  Superseded,
  TimeoutError,
  TooFewFollowers,
  Unavailable,
  Unreachable,
} from '../base/errors.js';
export type { BackupEnd, BackupHead } from '../model/backup.js';
export type {
  CheckProgress,
  Damage,
  RepairEvent,
  RepairStep,
  RepairSummary,
  Verified,
  VerifyEvent,
} from '../model/check.js';
export type {
  ClusterLeadership,
  ClusterMember,
  ClusterStateName,
  ClusterSwitchReply,
  LeadershipReason,
  StatusCluster,
} from '../model/cluster.js';
export type { ComparedNode, CompareReply, KeyspaceDigestReply } from '../model/comparison.js';
export { DURABILITY_LEVELS, type DurabilityLevel } from '../model/durability.js';
export type { KeyRange, RangeDigest, RepairRangesResponse } from '../model/key-range.js';
export type { FailoverReply, ForgetReply, PromoteReply } from '../model/leadership.js';
export type { LineageRow } from '../model/lineage.js';
export type { MachineReport } from '../model/machine.js';
export type { MonitoredCommand, MonitoredParameter } from '../model/monitor.js';
export type {
  NodeOption,
  OptionChange,
  OptionKind,
  OptionOrigin,
  OptionSource,
  OptionValue,
} from '../model/node-option.js';
export type {
  Bit,
  BitFieldPlace,
  BitFieldStep,
  BitOperator,
  BitOverflow,
  BitPositionOperation,
  BitRange,
  BitUnit,
  ByteRange,
  Condition,
  ErrorReply,
  ExpireCondition,
  GetReply,
  KeyAndValue,
  LongestCommonSubsequenceOperation,
  LongestCommonSubsequenceReply,
  NewExpiry,
  OnRefusal,
  Operation,
  OperationKind,
  Outgoing,
  OutgoingOf,
  OutgoingOperation,
  Reply,
  ReplyTo,
  SetCondition,
  SetOperation,
  SubsequenceMatch,
  SubsequenceResult,
  TransactOperation,
  TransactReply,
  ValueType,
} from '../model/operation.js';
export { formatToken, type Position, parseToken } from '../model/position.js';
export type { SlowCommand, SlowLogReply } from '../model/slow-log.js';
export type {
  FollowerState,
  NodeBelow,
  NodeStatus,
  ResyncKind,
  StatusArchive,
  StatusConnections,
  StatusFollower,
  StatusHeadroom,
  StatusKnownFollower,
  StatusLeader,
  StatusLineageRow,
  StatusReasonCount,
  StatusRedis,
  StatusRefusal,
  StatusResync,
  StatusUpstream,
  StoreState,
  UpstreamState,
} from '../model/status.js';
export type { CreatedUser, Myself, RotatedUser, User, UserLimits, UserList, UserRole } from '../model/user.js';
export type {
  Administration,
  ChangeOptions,
  ClusterPauseOptions,
  CompareOptions,
  DrainOptions,
  FailoverOptions,
  FollowOptions,
  OptionValues,
  SlowLogOptions,
} from './administration.js';
export type { BackupOptions, BackupPart } from './backup.js';
export type { BitCommands } from './bit-commands.js';
export type {
  BitFieldAction,
  BitFieldGet,
  BitFieldIncrement,
  BitFieldOf,
  BitFieldSet,
  BitPosOptions,
  BitRangeOptions,
  LcsMatchesOptions,
} from './bit-operations.js';
export type { LcsMatches } from './bit-results.js';
export type { CheckOptions, CheckTime } from './checks.js';
export {
  type CallOptions,
  type CallTime,
  Client,
  type ClientOptions,
  type CloseOptions,
  type PublishOptions,
  type RangeDigestOptions,
} from './client.js';
export { type Codec, type CodecOption, type JsonCodec, json } from './codec.js';
export type {
  Commands,
  KeyRangeOptions,
  KeysOptions,
  ScanKeysOptions,
  ScanOptions,
  ScanRecord,
  ScanRecordsOptions,
} from './commands.js';
export type { ConnectionState } from './connection-state.js';
export type { EtcdAccess } from './etcd-directory.js';
export type { ClientEvents, ConnectedEvent, Listener, LostEvent, MovedEvent } from './events.js';
export type { DurabilityOption, GuaranteeOptions } from './guarantees.js';
export type { CommandSeen, CommandsMissed, MonitorItem, MonitorOptions } from './monitor.js';
export type {
  BigintOption,
  CopyOptions,
  Data,
  ExpireOptions,
  ExpiryOptions,
  GetExOptions,
  KeysAndValues,
  MSetOptions,
  NumberOption,
  OutgoingCondition,
  RenameOptions,
  SetOptions,
  SumOptions,
} from './operations.js';
export type { Consistency, ReadFrom, RetryOptions } from './options.js';
export type { SetResult, TimeToLive, Versioned } from './results.js';
export type {
  Changed,
  Resumable,
  SubscribeOptions,
  SubscriptionItem,
  WatchedRecord,
  WatchItem,
  WatchOptions,
} from './streams.js';
export type {
  AnyTransaction,
  Committed,
  EntryWith,
  Incoming,
  IncrementOperation,
  KeepingTransaction,
  KeptReplies,
  MultiSetWith,
  NoReplies,
  NotCommitted,
  OfKind,
  Replies,
  ReplyOf,
  SetWith,
  SumReply,
  Transaction,
  TransactionOperation,
  TransactionOperations,
  TransactionResult,
  UnconditionalTransaction,
} from './transaction.js';
export type {
  CommitOptions,
  CommitResult,
  CommittedResults,
  ConditionTest,
  KeepingCommitOptions,
  Kept,
  NotCommittedResults,
  TransactionBuilder,
} from './transaction-builder.js';
export type { CreateUserOptions, LimitUserOptions, RotateUserOptions, Users } from './users.js';
