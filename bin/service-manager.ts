/**
 * The service manager that has started the process, if it waits for messages (systemd, `Type=notify`). The node tells it
 * when it is ready, reads its options again and stops. With `WatchdogSec=` the node also gives signs of life.
 *
 * A message goes to the datagram socket that NOTIFY_SOCKET names. Node has no such sockets, so `systemd-notify` sends
 * it, which is part of systemd. A shell starts that program, and lives as long as the node. The node would stand still
 * for each start, while the system copies its page tables: 75 ms with 800 MB of memory (measured).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Logger } from 'pino';

/** Each line is a message, with tabs between its assignments. The shell ends with its input, which is the node's end. */
const RELAY = `trap '' INT TERM HUP
set -f
IFS='\t'
while read -r message; do
  set -- $message
  systemd-notify "$@"
done`;

/** The time that a stop may take beyond --shutdown-timeout: its steps have a time each at the least. */
const STOP_SLACK_MS = 30_000;

export class ServiceManager {
  readonly #logger: Logger;
  /** The reasons that the log has. Signs of life are sent again and again, and each may fail for the same reason. */
  readonly #reasons = new Set<string>();
  readonly #watchdog: NodeJS.Timeout | undefined;
  #relay: ChildProcess | undefined;

  /** Undefined if nobody waits for messages. */
  static of(environment: NodeJS.ProcessEnv, logger: Logger): ServiceManager | undefined {
    return environment.NOTIFY_SOCKET ? new ServiceManager(watchdogMs(environment), logger) : undefined;
  }

  private constructor(everyMs: number | undefined, logger: Logger) {
    this.#logger = logger;
    // A timer runs only if the event loop turns, and the watchdog is for a loop that does not.
    if (everyMs !== undefined) this.#watchdog = setInterval(() => this.#say('WATCHDOG=1'), everyMs).unref();
  }

  opening(data: string): void {
    this.#say(`STATUS=opens ${data}`);
  }

  /** The status has no role and no offset: it stays the same while these change. */
  ready(address: string): void {
    this.#say('READY=1', `STATUS=serves at ${address}. Try: headwater --connect ${address} status`);
  }

  /** Tells that the options are read again, and that this is done. The manager compares the time with its own. */
  rereading(reread: () => void): void {
    this.#say('RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1_000n}`);
    reread();
    this.#say('READY=1');
  }

  /** @param withinMs the time that the node takes at most by its options. */
  stopping(withinMs: number): void {
    clearInterval(this.#watchdog);
    const microseconds = (withinMs + STOP_SLACK_MS) * 1_000;
    this.#say('STOPPING=1', `EXTEND_TIMEOUT_USEC=${microseconds}`, 'STATUS=stops in good order');
  }

  #say(...assignments: string[]): void {
    this.#relay ??= this.#start();
    // A path may have any character, and a line end would end the message.
    const line = assignments.map((one) => one.replace(/\p{Cc}/gu, ' ')).join('\t');
    this.#relay.stdin?.write(`${line}\n`);
  }

  #start(): ChildProcess {
    const relay = spawn('sh', ['-c', RELAY], { stdio: ['pipe', 'ignore', 'pipe'] });
    const ended = (reason: string) => {
      this.#relay = undefined;
      this.#warn(reason);
    };
    relay.on('error', (error) => ended(error.message));
    relay.on('exit', (code, signal) => ended(`the shell that starts it ended (${signal ?? `exit status ${code}`})`));
    // The end of the shell is reported, so a write that comes too late needs no report of its own.
    relay.stdin.on('error', () => {});
    createInterface({ input: relay.stderr }).on('line', (line) => this.#warn(line));
    return relay;
  }

  #warn(reason: string): void {
    if (this.#reasons.has(reason)) return;
    this.#reasons.add(reason);
    this.#logger.warn(
      { event: 'service' },
      `systemd-notify cannot tell the service manager about the node: ${reason}. Without its messages, the manager ends the node after a while`,
    );
  }
}

/** The time between two signs of life: half of what the manager waits for one. Undefined if it waits for none. */
function watchdogMs({ WATCHDOG_USEC, WATCHDOG_PID }: NodeJS.ProcessEnv): number | undefined {
  const isForUs = WATCHDOG_PID === undefined || Number(WATCHDOG_PID) === process.pid;
  const microseconds = Number(WATCHDOG_USEC);
  return isForUs && microseconds > 0 ? microseconds / 2_000 : undefined;
}
