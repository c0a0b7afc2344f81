/**
 * `headwater serve`: one node in the foreground until a signal ends it. Logs are JSON lines on stderr (prose on a
 * terminal, see --log-format), written synchronously, so that the last line before any end is there. The line with
 * `"event":"ready"` has the actual address; programs wait for it.
 */
import type { Command } from 'commander';
import type { Logger, LoggerOptions } from 'pino';
import { HeadwaterError } from '../src/base/errors.js';
import type { LiveProgram, Node, NodeOptions, NodeSurroundings, StopOptions } from '../src/index.js';
import { VERSION } from '../src/version.js';
import { explainForeignFlags } from './config/foreign-options.js';
import { keepInFile } from './config/keep.js';
import { reread } from './config/reread.js';
import { type LogOptions, serveOptions } from './config/values.js';
import { EXIT, type ExitStatus, statusOfRefusal } from './output.js';
import { readableLog } from './readable-log.js';
import { addServeOptions, CLIENT_OPTIONS, LOG_LEVEL, refuseClientOptions } from './serve-options.js';
import { ServiceManager } from './service-manager.js';
import { Signals } from './signals.js';
import { paintFor } from './terminal.js';

const AFTER_HELP = `
Each option can also be set as an environment variable
(--max-key-bytes: HEADWATER_MAX_KEY_BYTES) or in the TOML file of --config
(max-key-bytes = "64KiB"). A flag overrides the environment, the environment
overrides the file. "headwater config" checks a file, prints an example of one,
and shows where each value comes from.

SIGHUP makes the node read all three again: options that change at run time take
effect, and the log names those that need a restart. Under systemd (Type=notify),
the node reports when it is ready, and that it works (WatchdogSec=).

SIGTERM or SIGINT (Ctrl-C) stops the node in good order within --shutdown-timeout:
a leader waits until its followers have all its writes. A second signal ends the
process at once.`;

export function addServeCommand(program: Command): void {
  const command = program.command('serve').summary('run a node').description('Run a node in the foreground.');
  addServeOptions(command);
  explainForeignFlags(command);
  // The help leaves out the global options, which are for talking to a node.
  command.configureHelp({ showGlobalOptions: false });
  command.addHelpText('after', AFTER_HELP);
  command.action(async () => {
    refuseClientOptions(command, [...CLIENT_OPTIONS, 'json']);
    process.exit(await serve(command));
  });
}

let hasStarted = false;

/** Whether this process has run a node. */
export function hasServed(): boolean {
  return hasStarted;
}

/** Resolves once the node has ended. */
async function serve(command: Command): Promise<ExitStatus> {
  const { node: options, log, notices, program } = serveOptions(command);
  const logger = await openLog(log);
  endOnFailure(logger);
  for (const notice of notices) logger.warn({ event: 'config' }, notice);
  const signals = new Signals(logger);
  const manager = ServiceManager.of(process.env, logger);
  manager?.opening(options.data);
  const asked = signals.stop;
  const ordered = shutdownOrder();
  const takesOptions: LiveProgram = {
    ...program,
    take: (name, value) => {
      if (name === LOG_LEVEL.name) logger.level = String(value);
    },
    keep: (values) => keepInFile(command, values),
  };
  const surroundings = { logger, onShutdown: ordered.order, program: takesOptions };
  const node = await Promise.race([startNode(options, surroundings), asked]);
  if (typeof node === 'number') return node;
  if (typeof node === 'string') {
    // Nothing was served yet, and an open is as safe to interrupt as any other step.
    logger.info({ event: 'stopped' }, 'stopped before the node was ready');
    return EXIT.DONE;
  }
  hasStarted = true;
  manager?.ready(node.address);
  const rereadOptions = () => reread(node, command, logger);
  signals.onReread(manager ? () => manager.rereading(rereadOptions) : rereadOptions);
  const ended = await Promise.race([node.failed, asked, ordered.options]);
  if (ended instanceof Error) {
    logger.fatal(
      { event: 'failed', err: ended },
      `the node ends: ${ended.message}. Start it again: it recovers from its log`,
    );
    return EXIT.FAILED;
  }
  manager?.stopping(node.options.config.shutdownTimeoutMs);
  await node.stop(typeof ended === 'string' ? {} : ended);
  logger.info({ event: 'stopped', address: node.address }, 'stopped: every answered write is on disk');
  return EXIT.DONE;
}

/** A SHUTDOWN of a Redis client: `options` resolves at the first one. */
function shutdownOrder(): { order: (options: StopOptions) => void; options: Promise<StopOptions> } {
  let order: (options: StopOptions) => void = () => {};
  const options = new Promise<StopOptions>((resolve) => {
    order = resolve;
  });
  return { order, options };
}

type Surroundings = NodeSurroundings & { readonly logger: Logger };

async function startNode(options: NodeOptions, surroundings: Surroundings): Promise<Node | ExitStatus> {
  const { logger } = surroundings;
  const startedMs = performance.now();
  const { data } = options;
  logger.info({ event: 'starting', version: VERSION, pid: process.pid, data }, `headwater ${VERSION} opens ${data}`);
  try {
    const { Node } = await import('../src/node.js');
    const node = await Node.start(options, surroundings);
    await sayReady(node, data, Math.round(performance.now() - startedMs), logger);
    return node;
  } catch (error) {
    if (!HeadwaterError.is(error) || error.code === 'internal') throw error;
    logger.fatal({ event: 'refused', code: error.code }, `the node did not start: ${error.message}`);
    return statusOfRefusal(error);
  }
}

async function sayReady(node: Node, data: string, tookMs: number, logger: Logger): Promise<void> {
  const { address, httpAddress, nodeId, role } = node;
  const { offset, replicationId, upstream } = await node.status();
  const fields = {
    event: 'ready',
    address,
    ...(httpAddress !== '' && { http: httpAddress }),
    node_id: nodeId,
    role,
    data,
    offset,
    replication_id: replicationId,
    took_ms: tookMs,
  };
  const { tlsCert, tlsCa, tlsClients } = node.options.config;
  const doing = role === 'leader' ? 'a leader' : `a follower of ${upstream?.address}`;
  logger.info(
    fields,
    `ready in ${tookMs} ms: ${doing} on ${address}, at offset ${offset}. Try: headwater --connect ${tlsCert === undefined ? '' : 'headwaters://'}${address} status`,
  );
  const wantsCertificates = tlsCa !== undefined && (tlsClients ?? 'required') === 'required';
  if (!node.isLoopbackOnly && !wantsCertificates) {
    logger.warn(
      { address },
      `other machines may reach ${address}, and there are no passwords: all who reach it can read and write`,
    );
  }
}

/**
 * Ends the process after an unforeseen failure: a node that no longer knows its own state must not continue to serve.
 */
function endOnFailure(logger: Logger): void {
  const end = (error: unknown) => {
    logger.fatal(
      { event: 'failed', err: error },
      'unexpected failure (this is a bug): the process ends. All data are in the log',
    );
    process.exit(EXIT.FAILED);
  };
  process.on('uncaughtException', end);
  process.on('unhandledRejection', end);
}

/** Opens the log. The library is loaded here, so every other command starts faster. */
async function openLog({ level, format }: LogOptions): Promise<Logger> {
  const { pino } = await import('pino');
  const options: LoggerOptions = {
    level,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }), bindings: () => ({}) },
  };
  const destination = pino.destination({ fd: 2, sync: true });
  // The reader of the log may have gone away. The node continues to serve.
  destination.on('error', () => {});
  const isText = format === 'text' || (format === 'auto' && process.stderr.isTTY);
  return pino(options, isText ? readableLog(destination, paintFor(process.stderr)) : destination);
}
