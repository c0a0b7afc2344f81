/**
 * Binds the address of a node. A name may stand for several addresses of the machine, such as `localhost` for 127.0.0.1
 * and ::1. Then the node listens on each of them, at one port. A node that can bind any of them starts.
 */
import { lookup } from 'node:dns/promises';
import net from 'node:net';
import { formatAddress, parseAddress } from '../base/address.js';
import { HeadwaterError } from '../base/errors.js';
import { LISTEN_BACKLOG, TCP_KEEPALIVE_MS } from '../base/limits.js';

type Lookup = (name: string) => Promise<ReadonlyArray<{ address: string }>>;

const system: Lookup = (name) => lookup(name, { all: true });

export interface Bound {
  /** The host:port as it was configured, with the port that was taken. */
  readonly address: string;
  readonly servers: readonly net.Server[];
}

/** Brief reasons by the system's own code, the more telling first. */
const FAILURES: ReadonlyArray<[code: string, reason: string]> = [
  ['EADDRINUSE', 'another process listens there'],
  ['EADDRNOTAVAIL', 'this machine has no such address'],
  ['EACCES', 'this user has no permission to listen on that port'],
  ['ENOTFOUND', 'there is no host of that name'],
];

/**
 * Listens for connections.
 * @param address the host:port. Port 0 takes a free one.
 * @throws HeadwaterError `address_in_use`, or `invalid_argument` if the address does not belong to this machine.
 */
export function bind(
  address: string,
  connected: (socket: net.Socket) => void,
  lookUp: Lookup = system,
): Promise<Bound> {
  return bindServers(address, (options) => net.createServer(options, connected), lookUp);
}

/** As `bind`, with servers that `create` makes. */
export async function bindServers(
  address: string,
  create: (options: net.ServerOpts) => net.Server,
  lookUp: Lookup = system,
): Promise<Bound> {
  const { host, port } = parseAddress(address, { portZero: true });
  const failures: Error[] = [];
  const servers: net.Server[] = [];
  let taken = port;
  for (const ip of await ipsOf(host, lookUp).catch((failure) => {
    throw refusal(address, [failure]);
  })) {
    try {
      const server = await listen(ip, taken, create);
      servers.push(server);
      taken = (server.address() as net.AddressInfo).port;
    } catch (failure) {
      failures.push(failure as Error);
    }
  }
  if (servers.length === 0) throw refusal(address, failures);
  return { address: formatAddress({ host, port: taken }), servers };
}

/**
 * Refuses addresses that `bind` would refuse, all of them at once. They are free again when the promise resolves, so
 * another process may still take one before `bind` does.
 * @throws as `bind`.
 */
export async function expectFree(addresses: readonly string[]): Promise<void> {
  const servers: net.Server[] = [];
  try {
    for (const address of addresses) servers.push(...(await bind(address, (socket) => socket.destroy())).servers);
  } finally {
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}

async function ipsOf(host: string, lookUp: Lookup): Promise<Iterable<string>> {
  const plain = host.replace(/^\[|\]$/g, '');
  if (net.isIP(plain)) return [plain];
  return new Set((await lookUp(plain)).map((found) => found.address));
}

function listen(host: string, port: number, create: (options: net.ServerOpts) => net.Server): Promise<net.Server> {
  // A peer whose machine is gone sends nothing for ever. The probes of TCP notice it.
  const options = { noDelay: true, keepAlive: true, keepAliveInitialDelay: TCP_KEEPALIVE_MS };
  return new Promise((resolve, reject) => {
    const server = create(options);
    server.once('error', reject);
    server.listen({ host, port, backlog: LISTEN_BACKLOG }, () => {
      server.off('error', reject);
      resolve(server);
    });
  });
}

function refusal(address: string, failures: readonly Error[]): HeadwaterError {
  const codes = failures.map((failure) => (failure as NodeJS.ErrnoException).code);
  const [code, reason] = FAILURES.find(([known]) => codes.includes(known)) ?? [
    '',
    failures[0]?.message ?? 'no address',
  ];
  return new HeadwaterError(
    code === 'EADDRINUSE' ? 'address_in_use' : 'invalid_argument',
    `cannot listen on ${address}: ${reason}`,
    { cause: failures[0] },
  );
}
