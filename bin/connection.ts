/**
 * A command that talks to a node: connects by the global options, runs, closes the connection, and sets the exit
 * status. A shell lends its commands the connection that it keeps.
 */
import type { Command } from 'commander';
import { destinationOf } from '../src/access/addresses.js';
import { shownAddress } from '../src/access/cluster-address.js';
import { type Credentials as Named, parseCredentials, shownFile } from '../src/access/credentials.js';
import { joinedTls } from '../src/access/tls/node-url.js';
import { parseAddress } from '../src/base/address.js';
import { HeadwaterError } from '../src/base/errors.js';
import type { Client, ClientOptions } from '../src/client/index.js';
import { OPTIONS } from '../src/options.js';
import { wholeContent } from './files.js';
import { type ExitStatus, Output, place, UsageError } from './output.js';

/** The time for a node to accept a connection, and to answer a call. A server with full queues refuses after 10 s. */
const CONNECT_MS_MAX = 5_000;
export const CALL_MS_MAX = 15_000;
/** The time for pending calls at the end: the command is done or has failed, so they are given up soon. */
const CLOSE_MS_MAX = 500;

export interface GlobalOptions {
  connect: string[];
  host?: string;
  port?: string;
  timeout?: number;
  json?: boolean;
  tls?: boolean;
  tlsCa?: string;
  tlsCert?: string;
  tlsKey?: string;
  tlsServerName?: string;
  credentials?: string;
}

/** The options of every client that a command makes: the certificates, and the user. */
export type Credentials = Pick<ClientOptions, 'tls' | 'credentials'>;

export interface Session {
  readonly client: Client;
  readonly output: Output;
  /** The addresses of --connect. */
  readonly addresses: readonly string[];
  /** The value of --timeout; undefined without it. */
  readonly timeoutMs: number | undefined;
  /** For further clients of the command. */
  readonly credentials: Credentials;
}

/** Lends commands a connection: the shell. */
export interface Lender {
  readonly addresses: readonly string[];
  readonly timeoutMs: number | undefined;
  readonly credentials: Credentials;
  lend(): Promise<Client>;
  /** Notes a connection that a command made for itself, so that Ctrl-C can close it. */
  note(client: Client): void;
}

const lenders = new WeakMap<Command, Lender>();

/** From now on, the commands of a tree use the connection of `lender`, unless they name a node of their own. */
export function lendTo(root: Command, lender: Lender): void {
  lenders.set(root, lender);
}

type Run<Given extends unknown[]> = (session: Session, ...given: Given) => Promise<ExitStatus>;

/**
 * An action for commander, which passes the arguments, the options and the command.
 * @param waits whether --timeout bounds the work at the node. The node answers when that time is over, and the call
 *   waits for the answer.
 */
export function onNode<Given extends unknown[]>(run: Run<Given>, { waits = false } = {}) {
  return async (...args: [...Given, ...unknown[]]): Promise<void> => {
    const command = args.at(-1) as Command;
    const { timeout, json = false } = command.optsWithGlobals<GlobalOptions>();
    const lender = lenders.get(rootOf(command));
    const output = new Output({ json });
    const given = args as unknown as Given;
    if (lender && !namesNode(command)) {
      const { addresses, timeoutMs, credentials } = lender;
      process.exitCode = await directed(addresses, async () =>
        run({ client: await lender.lend(), output, addresses, timeoutMs, credentials }, ...given),
      );
      return;
    }
    const connect = addressesOf(command);
    const credentials = credentialsOf(command);
    const client = await connectTo(connect, credentials, waits ? CALL_MS_MAX : timeout);
    lender?.note(client);
    try {
      const session = { client, output, addresses: connect, timeoutMs: timeout, credentials };
      process.exitCode = await directed(connect, () => run(session, ...given));
    } finally {
      await client.close({ timeoutMs: CLOSE_MS_MAX });
    }
  };
}

function rootOf(command: Command): Command {
  return command.parent ? rootOf(command.parent) : command;
}

/** Whether the command line itself says how to connect. */
function namesNode(command: Command): boolean {
  return CONNECTING.some((name) => command.getOptionValueSourceWithGlobals(name) === 'cli');
}

const CONNECTING = [
  'connect',
  'host',
  'port',
  'timeout',
  'tls',
  'tlsCa',
  'tlsCert',
  'tlsKey',
  'tlsServerName',
  'credentials',
];

/** The certificates and the user that the command line and the environment name. */
export function credentialsOf(command: Command, urls?: readonly string[]): Credentials {
  const credentials = userOf(command, urls);
  return { ...tlsOf(command, urls), ...(credentials && { credentials }) };
}

/** The most bytes of a file with a user and its secret. */
const CREDENTIALS_BYTES_MAX = 4_096;

/** The variable with USER:SECRET itself. */
const CREDENTIALS_VARIABLE = 'HEADWATER_CREDENTIALS';

/**
 * A file that the command line names comes first, then an address, then the environment.
 * @throws UsageError if an argument has a secret.
 */
function userOf(command: Command, urls: readonly string[] | undefined): Named | undefined {
  const { connect, credentials: file } = command.optsWithGlobals<GlobalOptions>();
  const { credentials: inAddress, cluster } = destinationOf(urls ?? connect);
  if (cluster?.password !== undefined && !urls && command.getOptionValueSourceWithGlobals('connect') === 'cli')
    throw new UsageError(
      '--connect: expected no password in an argument, since every user of the machine can read it. Put the address into HEADWATER_CONNECT, or name a file: ?etcd-credentials=FILE with USER:PASSWORD',
    );
  if (inAddress && !urls && command.getOptionValueSourceWithGlobals('connect') === 'cli')
    throw new UsageError(
      '--connect: expected no secret in an argument, since every user of the machine can read it. Put the address into HEADWATER_CONNECT, or use --credentials FILE. Change the secret: "user rotate"',
    );
  if (file !== undefined && (!inAddress || command.getOptionValueSourceWithGlobals('credentials') === 'cli'))
    return parseCredentials(wholeContent(file, CREDENTIALS_BYTES_MAX, shownFile(file)).toString(), shownFile(file));
  const { [CREDENTIALS_VARIABLE]: text } = process.env;
  return inAddress ?? (text === undefined || text === '' ? undefined : parseCredentials(text, CREDENTIALS_VARIABLE));
}

function tlsOf(command: Command, urls: readonly string[] | undefined): Pick<ClientOptions, 'tls'> {
  const {
    connect,
    tls,
    tlsCa: ca,
    tlsCert: cert,
    tlsKey: key,
    tlsServerName: serverName,
  } = command.optsWithGlobals<GlobalOptions>();
  const named = { ca, cert, key, serverName };
  const own = Object.values(named).some((value) => value !== undefined) ? named : tls ? true : undefined;
  const joined = joinedTls(destinationOf(urls ?? connect).urls, own);
  return joined === undefined ? {} : { tls: joined };
}

/**
 * The addresses that a client takes: those of nodes, or that of a cluster.
 * @param urls with the users and the certificates in them.
 */
export function targetsOf(urls: readonly string[]): string[] {
  const { seeds, cluster } = destinationOf(urls);
  return cluster ? [...urls] : [...seeds];
}

/** Whether the addresses mean whichever node leads. */
function isOfSeveral(addresses: readonly string[]): boolean {
  return addresses.length > 1 || destinationOf(addresses).cluster !== undefined;
}

/** The addresses for people, without a password. */
export function shownAddresses(addresses: readonly string[]): string {
  return addresses.map(shownAddress).join(',');
}

/** The nodes at which a command begins to look for others. In a cluster, that is the node of its client. */
export function nodesOf({ client, addresses }: Pick<Session, 'client' | 'addresses'>): () => readonly string[] {
  const isCluster = destinationOf(addresses).cluster !== undefined;
  let last: readonly string[] = [];
  return () => {
    if (!isCluster) return addresses;
    if (client.address !== undefined) last = [client.address];
    return last;
  };
}

/**
 * The nodes that the command line names.
 * @throws UsageError if it names them in two ways.
 */
export function addressesOf(command: Command): string[] {
  const { connect: named, host, port } = command.optsWithGlobals<GlobalOptions>();
  const connect = targetsOf(named);
  if (host === undefined && port === undefined) return connect;
  if (command.getOptionValueSourceWithGlobals('connect') === 'cli')
    throw new UsageError('expected either --connect, or --host (-h) and --port (-p), received both');
  if ((isOfSeveral(connect) || connect.length > 1) && (host === undefined || port === undefined))
    throw new UsageError(
      `expected the address of one node in HEADWATER_CONNECT beside --host (-h) or --port (-p), received ${connect.length === 1 ? 'a cluster' : connect.length}. Use --connect`,
    );
  const [first = OPTIONS.listen.default] = isOfSeveral(connect) ? [] : connect;
  const usual = parseAddress(first);
  return [`${host ?? usual.host}:${port ?? usual.port}`];
}

async function directed<Result>(addresses: readonly string[], work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw HeadwaterError.is(error, 'read_only_follower') ? withDirections(error, addresses) : error;
  }
}

let connected = false;

/** Whether a command has reached a node. */
export function hasConnected(): boolean {
  return connected;
}

/**
 * Connects. A person who names one node means that node, and gets its own answer, at once. With several addresses,
 * whichever node leads is meant, and a command waits for a leader.
 */
export async function connectTo(
  addresses: readonly string[],
  credentials: Credentials,
  timeoutMs = CALL_MS_MAX,
): Promise<Client> {
  const { Client } = await import('../src/client/index.js');
  try {
    const client = await Client.connect([...addresses], {
      ...credentials,
      timeoutMs,
      connectTimeoutMs: Math.min(timeoutMs, CONNECT_MS_MAX),
      redirect: isOfSeveral(addresses),
      ...(!isOfSeveral(addresses) && { retry: { attempts: 1 } }),
    });
    connected = true;
    return client;
  } catch (error) {
    if (HeadwaterError.is(error, 'unauthenticated')) throw withUserAdvice(error);
    if (!HeadwaterError.is(error, 'unreachable')) throw error;
    const where = addresses.map(shownAddress).join(', ');
    // The address of a cluster is that of etcd, and the reason may be about a node.
    const isOfCluster = destinationOf(addresses).cluster !== undefined;
    const why = isOfCluster ? error.message : plainReason(error.message).replace(`${where}: `, '');
    const advice = place.isShell ? 'Use "connect HOST:PORT" for another node' : 'Check --connect or HEADWATER_CONNECT';
    const message = `cannot reach ${where}: ${why}. ${advice}`;
    throw new HeadwaterError('unreachable', message, { cause: error });
  }
}

function withUserAdvice(error: HeadwaterError<'unauthenticated'>): HeadwaterError {
  // A refusal of a certificate says itself what to do, and no user helps.
  if (error.message.includes('with a certificate of its CA')) return error;
  const message = `${error.message}. Use --credentials FILE, or HEADWATER_CREDENTIALS_FILE`;
  return new HeadwaterError(error.code, message, { cause: error });
}

/** The reason that the network gives, without the layers that it came through. */
function plainReason(message: string): string {
  if (message.includes('connection refused')) return 'connection refused: no process listens there';
  if (message.includes('no host of the name')) return 'there is no host of that name';
  if (/EHOSTUNREACH|ENETUNREACH/.test(message)) return 'there is no route to that network';
  if (/Protocol error|ERR_HTTP2/.test(message)) return 'the process that listens there is no Headwater node';
  return message;
}

function withDirections(error: HeadwaterError, addresses: readonly string[]): HeadwaterError {
  const { leader, cause } = error.details;
  const way = place.isShell ? `"connect ${leader}"` : `--connect ${leader}`;
  // A cluster without a leader names the last one, which may be gone.
  const there = leader && cause !== 'NO_LEADER' ? `. Use ${way}` : '';
  const message = `${addresses.map(shownAddress).join(', ')}: ${error.message}${there}`;
  return new HeadwaterError(error.code, message, { cause: error, details: error.details });
}

/** The one address of --connect. A command that changes a node must not change whichever of several answers first. */
export function onlyAddress(command: string, addresses: readonly string[]): string {
  const [node] = addresses;
  if (node !== undefined && !isOfSeveral(addresses)) return node;
  throw new UsageError(
    `${command}: expected the address of one node in --connect, received ${shownAddresses(addresses)}`,
  );
}
