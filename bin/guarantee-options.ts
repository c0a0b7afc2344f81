/**
 * The options of a command beside its operation: how durable its write must be, and how fresh the node that it reads
 * from. The `position` of --json is the position of the answer, which another command can take as --at-least.
 */
import { type Command, InvalidArgumentError } from 'commander';
import type { CallOptions, Client, DurabilityOption } from '../src/client/index.js';
import { DURABILITY_LEVELS } from '../src/model/durability.js';
import { offering, parseDuration } from './arguments.js';
import { UsageError } from './output.js';

export interface WriteOptions {
  durability?: DurabilityOption;
  durabilityTimeout?: number;
}

export interface ReadOptions {
  atLeast?: string;
  maxStaleness?: number;
}

export function withDurability(command: Command): Command {
  return command
    .option(
      '--durability <LEVEL[=N]>',
      'wait until the write is in the log (appended) or on disk (synced); or in the logs (followers=N) or on the disks (followers_synced=N) of N followers. After --durability-timeout the exit status is 3, and the write stays',
      offering(['appended', 'synced', 'followers=1', 'followers_synced=1'], parseDurability),
    )
    .option(
      '--durability-timeout <TIME>',
      'how long to wait for --durability: 500ms, 2s; a bare number is seconds (default: 5s)',
      parseDuration,
    );
}

export function withFreshness(command: Command): Command {
  return command
    .option('--at-least <TOKEN>', 'read only from a node that has reached this position: a token that --json printed')
    .option(
      '--max-staleness <TIME>',
      'read only from a node that is at most this far behind the leader: 500ms, 2s; a bare number is seconds',
      parseDuration,
    );
}

export function writeOptions({ durability, durabilityTimeout }: WriteOptions): CallOptions {
  if (durability === undefined && durabilityTimeout !== undefined)
    throw new UsageError('--durability-timeout: expected --durability as well, received it alone');
  return { durability: durability && { ...durability, timeoutMs: durabilityTimeout } };
}

export function readOptions({ atLeast, maxStaleness }: ReadOptions): CallOptions {
  return { atLeast, maxStalenessMs: maxStaleness };
}

/** The position of the answer as a token, for --json. */
export function positionOf(client: Client): { position?: string } {
  const { token } = client;
  return token === undefined ? {} : { position: token };
}

function parseDurability(text: string): DurabilityOption {
  const [, name, followers] = /^([a-z_]+)(?:=(\d{1,4}))?$/.exec(text.replaceAll('-', '_')) ?? [];
  const level = DURABILITY_LEVELS.find((one) => one === name);
  if (level !== undefined && level.startsWith('followers') === (followers !== undefined))
    return { level, ...(followers !== undefined && { followers: Number(followers) }) };
  throw new InvalidArgumentError(
    `Expected appended, synced, followers=N or followers_synced=N, received ${JSON.stringify(text)}.`,
  );
}
