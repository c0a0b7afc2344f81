/** Commands about the role of the node and its place in the tree: ROLE, REPLICAOF, FAILOVER. */
import { formatAddress, isArchivePlace } from '../../base/address.js';
import { sleep } from '../../base/clock.js';
import type { StatusUpstream, UpstreamState } from '../../model/status.js';
import { int64, textOf, wordOf } from '../arguments/arguments.js';
import type { Request } from '../codec/request-parser.js';
import type { CommandFamily, CommandSession } from '../command.js';
import { masterOf } from '../info/place.js';
import { endpointOf, isOnline, listedFollowers } from '../info/replication.js';
import { writeArray } from '../replies/answers.js';
import { Refusal, SYNTAX_ERROR } from '../replies/refusal.js';

const PORT_MAX = 65_535n;

/** The longest wait for the first word of a new upstream, and the time between two looks. */
const DECISION_MS_MAX = 1_000;
const DECISION_LOOK_MS = 10;

export const replicationCommands: CommandFamily = {
  role: { run: role },
  replicaof: { run: replicaOf },
  slaveof: { run: replicaOf },
  failover: { run: failover },
};

// ---- ROLE ----------------------------------------------------------------------

const ROLE_STATES: Readonly<Record<UpstreamState, string>> = {
  connecting: 'connecting',
  handshake: 'handshake',
  waiting: 'handshake',
  loading: 'sync',
  streaming: 'connected',
  disk_full: 'connected',
  refused: 'connect',
  stopped: 'none',
  unknown: 'none',
};

async function role({ node, out }: CommandSession): Promise<void> {
  const status = await node.control.status();
  const { offset } = status;
  const master = masterOf(status);
  if (master) {
    const { host, port } = endpointOf(master.address);
    out.begin('array', 5);
    out.bulk('slave');
    out.bulk(host);
    out.integer(port);
    out.bulk(ROLE_STATES[master.state]);
    out.integer(offset);
    return;
  }
  const followers = listedFollowers(status).filter(isOnline);
  out.begin('array', 3);
  out.bulk('master');
  out.integer(offset);
  out.begin('array', followers.length);
  for (const { address, appendedOffset } of followers) {
    const { host, port } = endpointOf(address);
    writeArray(out, [host, String(port), String(appendedOffset)]);
  }
}

// ---- REPLICAOF -------------------------------------------------------------------

async function replicaOf(session: CommandSession, request: Request): Promise<void> {
  const { node, out } = session;
  const { control, failovers, roles, logger } = node;
  if (failovers.isRunning) throw new Refusal('ERR REPLICAOF not allowed while failing over.');
  if (wordOf(request[1]) === 'no' && wordOf(request[2]) === 'one') {
    const followed = control.upstream;
    await control.promote();
    if (followed) logger.info({}, `REPLICAOF NO ONE of ${session.peer}: this node leads`);
    out.simple('OK');
    return;
  }
  const address = upstreamOf(request);
  const isThere = roles.role === 'follower' && control.upstream?.address === address;
  if (!isThere) logger.info({ upstream: address }, `REPLICAOF of ${session.peer}: this node follows ${address}`);
  await control.follow(address);
  const upstream = await decision(session);
  if (upstream?.state === 'refused') throw new Refusal(refusedBy(upstream));
  out.simple(isThere ? 'OK Already connected to specified master' : 'OK');
}

function upstreamOf(request: Request): string {
  const sentence = 'ERR Invalid master port';
  const port = int64(request[2], sentence);
  if (port < 0n || port > PORT_MAX) throw new Refusal(sentence);
  return addressOf(request[1] as Buffer, Number(port));
}

/** An IPv6 address has no brackets in Redis. */
function addressOf(host: Buffer, port: number): string {
  const text = textOf(host);
  const isBare = text.includes(':') && !text.startsWith('[') && !isArchivePlace(text);
  return formatAddress({ host: isBare ? `[${text}]` : text, port });
}

/**
 * Waits for the first word of a new upstream, because a client that only hears OK would not look for a refusal. An
 * upstream that cannot be reached, or thinks for long, is no reason to wait: the node keeps trying.
 */
async function decision({ node, signal }: CommandSession): Promise<StatusUpstream | undefined> {
  const { control, clock } = node;
  const endMs = clock.monotonicMs() + DECISION_MS_MAX;
  for (;;) {
    const { upstream } = control;
    const isOpen = upstream && (upstream.state === 'handshake' || (upstream.state === 'connecting' && !upstream.error));
    if (!isOpen || signal.aborted || clock.monotonicMs() >= endMs) return upstream;
    await sleep(clock, DECISION_LOOK_MS, signal);
  }
}

/** The node asks again from time to time, until another REPLICAOF. */
function refusedBy({ address, error }: StatusUpstream): string {
  return `ERR this node follows ${address} now, but ${error}. Send REPLICAOF NO ONE, or drop its data with "headwater follow ${address} --accept-data-loss"`;
}

// ---- FAILOVER --------------------------------------------------------------------

interface FailoverWanted {
  readonly to: string;
  readonly timeoutMs: number;
  readonly isForced: boolean;
}

async function failover({ node, out }: CommandSession, request: Request): Promise<void> {
  const { control, failovers, roles, logger } = node;
  if (request.length === 2 && wordOf(request[1]) === 'abort') {
    if (!failovers.abort()) throw new Refusal('ERR No failover in progress.');
    out.simple('OK');
    return;
  }
  const wanted = failoverWanted(request);
  const status = await control.status();
  const isRunning = failovers.isRunning || status.failoverState !== '';
  if (isRunning) throw new Refusal('ERR FAILOVER already in progress.');
  if (roles.role === 'follower') throw new Refusal('ERR FAILOVER is not valid when server is a replica.');
  const followers = listedFollowers(status);
  if (followers.length === 0) throw new Refusal('ERR FAILOVER requires connected replicas.');
  if (wanted.isForced) throw new Refusal(forced(wanted));
  if (wanted.to !== '') {
    const target = followers.find(({ address }) => address === wanted.to);
    if (!target) throw new Refusal('ERR FAILOVER target HOST and PORT is not a replica.');
    if (!isOnline(target)) throw new Refusal('ERR FAILOVER target replica is not online.');
  }
  failovers.begin(control, wanted, logger);
  out.simple('OK');
}

function failoverWanted(request: Request): FailoverWanted {
  let wanted: FailoverWanted = { to: '', timeoutMs: 0, isForced: false };
  for (let at = 1; at < request.length; ) {
    const word = wordOf(request[at]);
    const [first, second] = [request[at + 1], request[at + 2]];
    if (word === 'timeout' && first && wanted.timeoutMs === 0) {
      const timeoutMs = Number(int64(first));
      if (timeoutMs <= 0) throw new Refusal('ERR FAILOVER timeout must be greater than 0');
      wanted = { ...wanted, timeoutMs };
      at += 2;
    } else if (word === 'to' && first && second && wanted.to === '') {
      wanted = { ...wanted, to: addressOf(first, Number(int64(second))) };
      at += 3;
    } else if (word === 'force' && !wanted.isForced) {
      wanted = { ...wanted, isForced: true };
      at += 1;
    } else throw new Refusal(SYNTAX_ERROR);
  }
  return wanted;
}

/** Redis promotes a replica by force that lacks writes. A hand-over of Headwater loses none. */
function forced({ to, timeoutMs }: FailoverWanted): string {
  if (to === '' || timeoutMs === 0)
    return 'ERR FAILOVER with force option requires both a timeout and target HOST and IP.';
  return 'ERR Headwater hands over to no node that lacks writes. Leave FORCE out, or send REPLICAOF NO ONE to the replica';
}
