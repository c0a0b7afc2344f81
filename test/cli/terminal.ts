/**
 * The command line on a terminal, as a person sees it. The terminal is a pseudo-terminal of script(1), which util-linux
 * has. What is typed goes to it as keys, and what it shows comes back with its colours.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { isInstalled } from '../support/installed.js';

const HEADWATER = fileURLToPath(new URL('../../dist/bin/headwater.cjs', import.meta.url));
const SEEN_MS_MAX = 15_000;

export const KEYS = { ENTER: '\r', TAB: '\t', CTRL_C: '\u0003', CTRL_D: '\u0004', UP: '\u001b[A' } as const;

/** Whether there is a terminal to test with. */
export const hasScript = isInstalled('script', '-qefc', 'true', '/dev/null');

export class Terminal {
  readonly #child: ChildProcess;
  #shown = '';
  /** What `sees` has found already. */
  #seen = 0;

  #wake: () => void = () => {};

  /** Starts the command line on a terminal of 100 columns. */
  constructor(args: readonly string[], env: Record<string, string> = {}) {
    const inherited = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^HEADWATER_|^(NO|FORCE)_COLOR$|^CI$/.test(name)),
    );
    const words = [process.execPath, HEADWATER, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`);
    this.#child = spawn('script', ['-qefc', `stty cols 100 rows 30; exec ${words.join(' ')}`, '/dev/null'], {
      env: { ...inherited, TERM: 'xterm-256color', ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#shown += text;
      this.#wake();
    });
    this.#child.once('exit', () => this.#wake());
  }

  /** All that it has shown. */
  get shown(): string {
    return this.#shown;
  }

  /** Presses keys; each argument arrives by itself, as keys do. */
  async press(...keys: string[]): Promise<void> {
    for (const one of keys.filter(Boolean)) {
      this.#child.stdin?.write(one);
      // A terminal that gets Tab together with other keys takes all for pasted text.
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Types a line behind the next prompt. */
  async enter(line: string): Promise<void> {
    await this.sees('> ');
    await this.press(line, KEYS.ENTER);
  }

  /** Types the beginning of a word, and then Tab. */
  async tab(typed: string, shown: string): Promise<void> {
    await this.press(typed);
    await this.sees(typed);
    await this.press(KEYS.TAB);
    await this.sees(shown);
  }

  /** Waits until the terminal shows the text behind what an earlier call found. */
  async sees(text: string): Promise<void> {
    const deadline = performance.now() + SEEN_MS_MAX;
    for (;;) {
      const at = this.#shown.indexOf(text, this.#seen);
      if (at >= 0) {
        this.#seen = at + text.length;
        return;
      }
      const isOver = this.#child.exitCode !== null || performance.now() > deadline;
      if (isOver) throw new Error(`expected ${JSON.stringify(text)}, the terminal shows:\n${this.#shown}`);
      await this.#more();
    }
  }

  /** The exit status, when the command line has ended. */
  async ended(): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit');
    return this.#child.exitCode;
  }

  /** Resolves when there is more to see, or after a while. */
  #more(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, 500);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async close(): Promise<void> {
    this.#child.stdin?.end();
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGKILL');
    await this.ended();
  }
}
