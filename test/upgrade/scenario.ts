/**
 * The scenario of a fixture, by the command line of the version that is to write it: a leader with an archive, a follower
 * that resyncs from a snapshot, all kinds of commands, users, a backup and an export, and a log that goes on behind the
 * checkpoint. A step that an older version does not have is noted, and left out.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { eventually, freePort } from '../../benchmarks/waiting.js';
import type { About, Content, WireCall } from './fixture.js';
import { Recorder } from './recorder.js';

/** The exit status for a command or an option that is none. */
const UNKNOWN = 2;
const CENTURY = '3155760000s';
const SECRET = 'not-a-secret-not-a-secret-not-a-secret';
/** Enough of each call for a test, and not more. */
const MESSAGES_MAX = 24;
const MESSAGE_BYTES_MAX = 16_384;

type Outcome = Pick<About, 'backup' | 'leader' | 'users' | 'missing' | 'credentials'>;

export class Scenario {
  readonly #program: string;
  readonly #folder: string;
  readonly #missing: Record<string, string> = {};
  readonly #children = new Set<ChildProcess>();
  #connect: string[] = [];
  #credentials: string[] = [];

  /** @param program its headwater.cjs. @param folder an empty directory for all that is written. */
  constructor(program: string, folder: string) {
    this.#program = program;
    this.#folder = folder;
  }

  async run(): Promise<Outcome & { readonly wire: readonly WireCall[] }> {
    try {
      return await this.#run();
    } finally {
      for (const child of this.#children) child.kill('SIGKILL');
    }
  }

  async #run(): Promise<Outcome & { readonly wire: readonly WireCall[] }> {
    const address = `127.0.0.1:${await freePort()}`;
    const archive = ['--archive', this.#at('archive'), '--archive-interval', '1s'];
    // The second start begins a second history.
    let leader = await this.#serve('leader', address, ...archive);
    this.#connect = ['--connect', address];
    await this.#write('before');
    await this.#try('flushall', '--yes');
    await this.#write('first');
    await this.#end(leader, 'SIGTERM');
    leader = await this.#serve('leader', address, ...archive);
    const recorder = new Recorder(address);
    const through = await recorder.listen();
    this.#connect = ['--connect', through];
    await eventually('the proxy to be there', async () => this.#do('ping'));
    const users = await this.#makeUsers();
    const follow = ['--follow', through, ...(users.length > 0 ? ['--upstream-credentials', this.#at('root')] : [])];
    const follower = await this.#serve('follower', `127.0.0.1:${await freePort()}`, ...follow);
    const watcher = this.#start('watch', '--from', '0');
    await eventually('the follower to be there', async () => /streaming/.test(await this.#do('status')));
    await this.#write('second');
    const backup = await this.#backUp();
    await this.#write('third');
    await this.#do('export', this.#at('export.jsonl'));
    const end = await this.#content();
    await eventually('the follower to have it all', async () => this.#hasFollowed(end.offset));
    await eventually('the archive to have it all', async () => this.#hasArchived(end.offset));
    await this.#end(watcher, 'SIGKILL');
    await this.#end(follower, 'SIGTERM');
    // The checkpoint stays behind the end of the log.
    await this.#end(leader, 'SIGKILL');
    recorder.close();
    const credentials = users.length > 0 ? { credentials: `root:${SECRET}` } : {};
    return { leader: end, backup, users, missing: this.#missing, ...credentials, wire: kept(recorder) };
  }

  /** Every kind of command, under names of their own. */
  async #write(round: string): Promise<void> {
    const key = (name: string) => `${round}:${name}`;
    await this.#do('set', key('plain'), `value of ${round}`);
    await this.#do('set', key('gone'), 'x');
    await this.#do('del', key('gone'));
    await this.#do('incr', key('counter'));
    await this.#do('set', key('expiring'), 'in a century');
    await this.#do('expire', key('expiring'), CENTURY);
    await this.#do('set', key('kept'), 'for ever');
    await this.#do('expire', key('kept'), CENTURY);
    await this.#do('persist', key('kept'));
    await this.#do('set', key('name'), 'renamed');
    await this.#do('rename', key('name'), key('renamed'));
    await this.#do('set', key('large'), 'large '.repeat(400));
    await this.#do('get', key('plain'));
    await this.#do('scan');
    const operations = ['a', 'b'].map((name) => ({ kind: 'set', key: key(name), value: 'together' }));
    const file = this.#at('transaction.json');
    writeFileSync(file, JSON.stringify({ operations }));
    await this.#try('transact', file);
    await this.#try('publish', 'news', `of ${round}`, '--durable');
    await this.#try('publish', 'news', `of ${round}`);
    await this.#try('append', key('plain'), ', longer');
  }

  async #makeUsers(): Promise<string[]> {
    const secret = this.#at('secret');
    writeFileSync(secret, SECRET, { mode: 0o600 });
    writeFileSync(this.#at('root'), `root:${SECRET}\n`, { mode: 0o600 });
    const roles = ['admin', 'read', 'write', 'publish', 'replicate'].flatMap((role) => ['--role', role]);
    if (!(await this.#try('user', 'create', 'root', ...roles, '--secret-file', secret))) return [];
    this.#credentials = ['--credentials', this.#at('root')];
    await this.#do('user', 'create', 'reader', '--role', 'read', '--key-prefix', 'first:', '--secret-file', secret);
    await this.#do('user', 'list');
    return ['reader', 'root'];
  }

  async #backUp(): Promise<Content> {
    const file = this.#at('leader.backup');
    return (await this.#try('backup', file)) ? this.#content() : { offset: 0, keys: 0, digest: '' };
  }

  async #content(): Promise<Content> {
    const { offset, keys, digest } = JSON.parse(await this.#do('digest', '--json')) as Content;
    return { offset, keys, digest };
  }

  async #hasFollowed(offset: number): Promise<boolean> {
    const { followers } = JSON.parse(await this.#do('status', '--json')) as {
      followers: { appended_offset: number }[];
    };
    return followers.some((follower) => follower.appended_offset >= offset);
  }

  #hasArchived(offset: number): boolean {
    return readdirSync(this.#at('archive')).some((name) => Number(name.split('-')[1]) >= offset);
  }

  #at(name: string): string {
    return path.join(this.#folder, name);
  }

  // ---- processes ----------------------------------------------------------------

  /** @returns what the command has printed. @throws if it fails. */
  async #do(...args: string[]): Promise<string> {
    const { status, stdout, stderr } = await this.#outcome(args);
    if (status !== 0) throw new Error(`headwater ${args.join(' ')} ended with ${status}: ${stderr}`);
    return stdout;
  }

  /** @returns false if this version has no such command, which is noted. */
  async #try(...args: string[]): Promise<boolean> {
    const { status, stderr } = await this.#outcome(args);
    if (status !== 0 && status !== UNKNOWN)
      throw new Error(`headwater ${args.join(' ')} ended with ${status}: ${stderr}`);
    if (status !== 0) this.#missing[args[0] ?? ''] ??= stderr.split('\n')[0] ?? '';
    return status === 0;
  }

  /** The proxy works in this process, so it does not wait for the command. */
  async #outcome(args: readonly string[]) {
    const command = [this.#program, ...args, ...this.#connect, ...this.#credentials];
    const child = spawn(process.execPath, command, { cwd: this.#folder, stdio: ['ignore', 'pipe', 'pipe'] });
    const [stdout, stderr, [status]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ]);
    return { status: status as number | null, stdout, stderr };
  }

  #start(...args: string[]): ChildProcess {
    const command = [this.#program, ...args, ...this.#connect, ...this.#credentials];
    const child = spawn(process.execPath, command, { stdio: 'ignore', cwd: this.#folder });
    this.#children.add(child);
    return child;
  }

  async #serve(name: string, listen: string, ...flags: string[]): Promise<ChildProcess> {
    const log = this.#at(`${name}.log`);
    const words = ['serve', '--data', this.#at(name), '--listen', listen, ...flags].map((word) => `'${word}'`);
    const command = `exec '${process.execPath}' '${this.#program}' ${words.join(' ')} 2> '${log}'`;
    const child = spawn('sh', ['-c', command], { stdio: 'ignore' });
    this.#children.add(child);
    await eventually(`${name} to be ready`, async () => {
      if (child.exitCode !== null) throw new Error(readFileSync(log, 'utf8'));
      return readFileSync(log, 'utf8').includes('"ready"');
    });
    return child;
  }

  async #end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
    this.#children.delete(child);
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, 'exit');
  }
}

/** The first calls of each method, without what is only long. */
function kept(recorder: Recorder): WireCall[] {
  const counts = new Map<string, number>();
  const few = (messages: readonly Buffer[]) =>
    messages
      .filter(({ length }) => length <= MESSAGE_BYTES_MAX)
      .slice(0, MESSAGES_MAX)
      .map((message) => message.toString('base64'));
  return recorder.calls.flatMap(({ path: name, requests, responses }) => {
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    return count > 3 ? [] : [{ path: name, requests: few(requests), responses: few(responses) }];
  });
}
