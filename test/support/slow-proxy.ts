/**
 * A TCP proxy that passes so many bytes a second in each direction, or, as a
 * dead link, none at all while both ends stay connected. Connections can break.
 */
import net from 'node:net';
import { setTimeout as after } from 'node:timers/promises';

/** Passed on at a time. */
const PIECE_BYTES = 16 * 1024;

export class SlowProxy implements AsyncDisposable {
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();
  #bytesPerSecond: number;
  /** Passed on so far, in both directions. */
  passedBytes = 0;
  connections = 0;

  private constructor(target: number, bytesPerSecond: number) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#server = net.createServer((inner) => {
      this.connections++;
      const outer = net.connect(target, '127.0.0.1');
      for (const [from, to] of [
        [inner, outer],
        [outer, inner],
      ] as const) {
        this.#sockets.add(from);
        from.on('error', () => to.destroy());
        from.on('close', () => {
          this.#sockets.delete(from);
          to.destroy();
        });
        void this.#pass(from, to).catch(() => to.destroy());
      }
    });
  }

  /** @param target the port on loopback that it stands before. */
  static async before(target: number, bytesPerSecond: number): Promise<SlowProxy> {
    const proxy = new SlowProxy(target, bytesPerSecond);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as net.AddressInfo).port}`;
  }

  /** Nothing passes any more, and nobody is told. */
  freeze(): void {
    this.#bytesPerSecond = 0;
  }

  /** Breaks all connections. New ones may come. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async #pass(from: net.Socket, to: net.Socket): Promise<void> {
    for await (const bytes of from as AsyncIterable<Buffer>) {
      for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
        const piece = bytes.subarray(at, at + PIECE_BYTES);
        if (this.#bytesPerSecond === 0) return void (await new Promise(() => {}));
        await after((piece.length / this.#bytesPerSecond) * 1_000);
        this.passedBytes += piece.length;
        if (!to.write(piece)) await new Promise((resolve) => to.once('drain', resolve));
      }
    }
    to.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
