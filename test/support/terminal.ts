/** A program on a real terminal, by tmux. Where there is no tmux, the tests that need one are skipped, visibly. */
import { spawnSync } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { isInstalled } from './installed.js';

const POLL_MS = 50;
const SHOWN_MS_MAX = 20_000;

let terminals = 0;

export const hasTerminal = isInstalled('tmux', '-V');

export class Terminal {
  /** A server of its own, so that the person's own sessions are not met. */
  readonly #socket = `headwater-test-${process.pid}-${terminals++}`;

  /** Runs the program. When it ends, the terminal shows `ended with` and its exit status. */
  constructor(
    words: readonly string[],
    { columns = 120, rows = 40, env = {} }: { columns?: number; rows?: number; env?: Record<string, string> } = {},
  ) {
    const settings = Object.entries(env).map(([name, value]) => `${name}=${quoted(value)}`);
    const command = `env -u NO_COLOR -u FORCE_COLOR ${settings.join(' ')} ${words.map(quoted).join(' ')}`;
    this.#tmux(
      '-f',
      '/dev/null',
      'new-session',
      '-d',
      '-x',
      String(columns),
      '-y',
      String(rows),
      `${command}; echo "ended with $?"; exec sleep 600`,
    );
  }

  /** The text on the screen, a line each. With `colours` as the escape sequences that make them. */
  screen({ colours = false } = {}): string {
    return this.#tmux('capture-pane', '-p', ...(colours ? ['-e'] : []));
  }

  /** Resolves with the screen once it shows this. */
  async shows(pattern: RegExp, options: { colours?: boolean } = {}): Promise<string> {
    const endMs = performance.now() + SHOWN_MS_MAX;
    for (;;) {
      const screen = this.screen(options);
      if (pattern.test(screen)) return screen;
      if (performance.now() > endMs) throw new Error(`expected ${pattern} on the screen, saw:\n${screen}`);
      await pause(POLL_MS);
    }
  }

  /** Presses keys by tmux's names: `q`, `C-c`, `Enter`, `Tab`. */
  press(...keys: string[]): void {
    this.#tmux('send-keys', ...keys);
  }

  resize(columns: number, rows: number): void {
    this.#tmux('resize-window', '-x', String(columns), '-y', String(rows));
  }

  close(): void {
    spawnSync('tmux', ['-L', this.#socket, 'kill-server']);
  }

  #tmux(...words: string[]): string {
    const { status, stdout, stderr } = spawnSync('tmux', ['-L', this.#socket, ...words], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`tmux ${words.join(' ')}: ${stderr}`);
    return stdout;
  }
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
