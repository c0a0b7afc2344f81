/** A connection that asks many commands at once, and returns the bytes of each reply. */
import net from 'node:net';
import { Replies } from './replies.js';

export class Peer {
  readonly #socket: net.Socket;
  readonly #parser = new Replies();
  #replies: string[] = [];
  #wanted = 0;
  #resolve: (replies: string[]) => void = () => {};
  #reject: (reason: Error) => void = () => {};

  constructor(address: net.NetConnectOpts) {
    this.#socket = net.connect(address);
    this.#socket.on('error', (error) => this.#reject(error));
    this.#socket.on('close', () => this.#reject(new Error('the server closed the connection')));
    this.#socket.on('data', (bytes) => this.#receive(bytes));
  }

  ask(requests: Buffer, count: number): Promise<string[]> {
    this.#wanted = count;
    this.#replies = [];
    this.#socket.write(requests);
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(bytes: Buffer): void {
    for (const reply of this.#parser.take(bytes)) this.#replies.push(reply);
    if (this.#replies.length >= this.#wanted) this.#resolve(this.#replies);
  }
}

/** Requests as clients send them. */
export function requestsOf(commands: ReadonlyArray<readonly string[]>): Buffer {
  const texts = commands.map(
    (command) => `*${command.length}\r\n${command.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`,
  );
  return Buffer.from(texts.join(''), 'latin1');
}
