/**
 * A client as one line of CLIENT LIST. The fields and their order are Redis's, since tools split the lines. A figure that
 * has no counterpart here is 0.
 */
import type { Client, Clients } from './clients.js';
import type { CommandTable } from './table/command-table.js';

const MS_PER_SECOND = 1_000;

/** The types of clients. Followers have connections of another protocol, so no client here is a master or a replica. */
export type ClientType = 'normal' | 'pubsub' | 'master' | 'replica';

export function typeOf({ state }: Client): ClientType {
  return state.listener?.isSubscribed ? 'pubsub' : 'normal';
}

export interface LineContext {
  readonly clients: Clients;
  readonly table: CommandTable;
  readonly nowMs: number;
}

export function clientLine(client: Client, { clients, table, nowMs }: LineContext): string {
  const { state, figures } = client;
  const { activity, names, listener, transaction } = state;
  const command = activity.newest && table.entryOf(activity.newest);
  const fields = {
    id: state.id,
    addr: client.peer,
    laddr: figures.local,
    fd: figures.descriptor,
    name: names.client,
    age: secondsBetween(activity.createdMs, nowMs),
    idle: secondsBetween(activity.receivedMs, nowMs),
    flags: flagsOf(client, clients),
    db: 0,
    sub: listener?.channels.size ?? 0,
    psub: listener?.patterns.size ?? 0,
    ssub: listener?.shardChannels.size ?? 0,
    multi: transaction.open?.commands ?? -1,
    watch: transaction.watchedKeys,
    qbuf: figures.heldBytes,
    'qbuf-free': 0,
    'argv-mem': 0,
    'multi-mem': transaction.open?.bytes ?? 0,
    rbs: 0,
    rbp: 0,
    obl: 0,
    oll: 0,
    omem: figures.waitingBytes,
    'tot-mem': figures.heldBytes + figures.waitingBytes + (transaction.open?.bytes ?? 0),
    events: figures.waitingBytes > 0 ? 'rw' : 'r',
    cmd: command?.name ?? 'NULL',
    user: state.user.name,
    redir: -1,
    resp: figures.version,
    'lib-name': names.library,
    'lib-ver': names.libraryVersion,
    'tot-net-in': figures.receivedBytes,
    'tot-net-out': figures.sentBytes,
    'tot-cmds': activity.requests,
  };
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}

/** Whole seconds. The clock of the machine may have been set back in between. */
function secondsBetween(fromMs: number, toMs: number): number {
  return Math.max(0, Math.floor((toMs - fromMs) / MS_PER_SECOND));
}

/** The letters of Redis: monitor, subscriber, transaction, blocked, wishes. `N` for none. */
function flagsOf(client: Client, clients: Clients): string {
  const { listener, transaction, wishes } = client.state;
  const flags = [
    listener?.isMonitor && 'O',
    listener?.isSubscribed && 'P',
    transaction.open && 'x',
    clients.isBlocked(client) && 'b',
    wishes.noEvict && 'e',
    wishes.noTouch && 'T',
  ];
  return flags.filter(Boolean).join('') || 'N';
}
