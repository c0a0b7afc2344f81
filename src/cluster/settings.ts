/** The options of a node that joins a cluster, checked before its data are opened. */
import { readFileSync } from 'node:fs';
import { parseCredentials, shownFile } from '../access/credentials.js';
import type { TlsOptions } from '../access/tls/client-tls.js';
import { type Address, hostOf, isEverywhere, parseAddress } from '../base/address.js';
import type { Clock } from '../base/clock.js';
import { HeadwaterError } from '../base/errors.js';
import { systemReason } from '../base/system-errors.js';
import type { NodeConfig } from '../config.js';
import { LeadershipTerm } from '../store/leadership-term.js';
import type { ClusterMode } from './election.js';
import { type Timing, timingOf } from './timing.js';

/** The client port of etcd. */
const ETCD_PORT = 2379;

export interface ClusterSettings {
  /** The name of the cluster in its store. */
  readonly name: string;
  readonly endpoints: readonly Address[];
  readonly tls: boolean | TlsOptions | undefined;
  readonly user: { readonly user: string; readonly password: string } | undefined;
  readonly mode: ClusterMode;
  readonly failsafe: boolean;
  readonly timing: Timing;
  readonly lagMax: number;
  /** The address of this node for the others; undefined for the one that it listens on. */
  readonly address: string | undefined;
  /** The time for which the node may lead. */
  readonly term: LeadershipTerm;
}

/**
 * The settings of a node with `--cluster`; undefined without.
 * @throws HeadwaterError `invalid_argument` if a value or a file is not what it should be.
 */
export function clusterSettings(config: NodeConfig, clock: Clock): ClusterSettings | undefined {
  const { cluster, clusterMode, clusterTtlMs, clusterAddress, failsafe, failoverLagMax, listen } = config;
  if (cluster === undefined) return undefined;
  if (clusterAddress === undefined && isEverywhere(hostOf(listen)))
    throw new HeadwaterError(
      'invalid_argument',
      `cluster-address: expected the HOST:PORT at which the other nodes reach this one, because --listen ${listen} names no machine; received none`,
    );
  const [, scheme = '', members = '', name = ''] = /^(etcds?):\/\/([^/]+)\/(.+)$/.exec(cluster) ?? [];
  return {
    name,
    endpoints: members.split(',').map(endpointOf),
    tls: tlsOf(config, scheme === 'etcds'),
    user: userOf(config),
    mode: clusterMode,
    failsafe,
    timing: timingOf(clusterTtlMs),
    lagMax: failoverLagMax,
    address: clusterAddress,
    term: LeadershipTerm.notBegun(clock),
  };
}

function endpointOf(text: string): Address {
  const isWhole = /:\d+$/.test(text);
  return parseAddress(isWhole ? text : `${text}:${ETCD_PORT}`, {}, 'cluster');
}

function tlsOf({ etcdCa: ca, etcdCert: cert, etcdKey: key }: NodeConfig, isSecure: boolean): ClusterSettings['tls'] {
  if (ca === undefined && cert === undefined && key === undefined) return isSecure ? true : undefined;
  return { ca, cert, key };
}

function userOf({ etcdCredentials: file }: NodeConfig): ClusterSettings['user'] {
  if (file === undefined) return undefined;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new HeadwaterError(
      'invalid_argument',
      `etcd-credentials: expected a file with USER:PASSWORD that can be read, received ${shownFile(file)}: ${systemReason(error)}`,
    );
  }
  const { user, secret } = parseCredentials(text, `etcd-credentials: ${shownFile(file)}`);
  return { user, password: secret };
}
