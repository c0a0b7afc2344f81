/** A node with its Redis door, in this process, and plain sockets to it. */
import assert from 'node:assert/strict';
import net from 'node:net';
import path from 'node:path';
import { parseAddress } from '../../src/base/address.js';
import { Node } from '../../src/index.js';
import { eventually } from '../support/cluster.js';
import { removeTemporaryDirectories, temporaryDirectory } from '../support/database.js';
import { standstill } from '../support/standstill.js';

const MiB = 1024 * 1024;

type NodeSurroundings = Parameters<typeof Node.start>[1];
type Options = Omit<Parameters<typeof Node.start>[0], 'data'>;

/** The nodes and sockets of one test. `close` ends all of them. */
export class Door {
  readonly #closers: Array<() => unknown> = [];

  async node(options: Options = {}, surroundings?: NodeSurroundings): Promise<Node> {
    const data = path.join(await temporaryDirectory(), 'data');
    const node = await Node.start({ data, listen: '127.0.0.1:0', ...options }, surroundings);
    this.#closers.push(() => node.stop());
    return node;
  }

  /** A follower of the leader, which streams. */
  async follower({ address }: Node, options: Options = {}): Promise<Node> {
    const follower = await this.node({ follow: address, ...options });
    await streams(follower);
    return follower;
  }

  /** Opens a connection. The test ends with it. */
  open({ address }: Node): Wire {
    const wire = new Wire(net.connect(parseAddress(address).port, '127.0.0.1'));
    this.#closers.push(() => wire.socket.destroy());
    return wire;
  }

  /** Sends requests, shuts the side of the client down, and returns all that the node answers until it closes. */
  async exchange(node: Node, requests: string | Buffer): Promise<string> {
    const wire = this.open(node);
    wire.socket.end(requests);
    return wire.all();
  }

  /** Sends each line to a new node, and compares each with the reply that stands beside it, without its last line end. */
  async answers(...dialogue: ReadonlyArray<readonly [line: string, reply: string]>): Promise<void> {
    const replies = await this.exchange(await this.node(), dialogue.map(([line]) => `${line}\r\n`).join(''));
    assert.equal(replies, dialogue.map(([, reply]) => `${reply}\r\n`).join(''));
  }

  /**
   * Waits until the node has sent a MiB or more to a client that reads none of it, and sends no more.
   * @returns the bytes of replies that the node holds for the client.
   */
  async whenHeldBack(node: Node, { socket }: Wire): Promise<number> {
    const line = new RegExp(` addr=\\S+:${socket.localPort} .* omem=(\\d+) .* tot-net-out=(\\d+) `);
    const figures = async () => line.exec(await this.exchange(node, 'CLIENT LIST\r\n')) ?? [];
    await standstill('the bytes sent', async () => Number((await figures())[2]), MiB);
    return Number((await figures())[1]);
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close();
    await removeTemporaryDirectories();
  }
}

/** Resolves once the node gets the commands of its leader. */
export async function streams(follower: Node): Promise<void> {
  await eventually('the follower to stream', async () => (await follower.status()).upstream?.state === 'streaming');
}

/** One connection, read by bytes. */
export class Wire {
  readonly socket: net.Socket;
  #text = '';
  #isClosed = false;
  #wake: () => void = () => {};

  constructor(socket: net.Socket) {
    this.socket = socket;
    socket.on('error', () => {});
    socket.on('data', (bytes: Buffer) => {
      this.#text += bytes.toString('latin1');
      this.#wake();
    });
    socket.once('close', () => {
      this.#isClosed = true;
      this.#wake();
    });
  }

  send(requests: string | Buffer): void {
    this.socket.write(requests);
  }

  /** Sends a command as an array of bulk strings. */
  command(...words: Array<string | Buffer>): void {
    this.send(request(...words));
  }

  /** Sends a line, and compares the reply. */
  async asks(line: string, reply: string): Promise<void> {
    this.send(`${line}\r\n`);
    await this.hears(reply, line);
  }

  /** Sends each line behind the reply to the one before, and compares the replies. */
  async dialogue(exchanges: ReadonlyArray<readonly [line: string, reply: string]>): Promise<void> {
    for (const [line, reply] of exchanges) await this.asks(line, reply);
  }

  /** Reads a reply, and compares it. */
  async hears(reply: string, line?: string): Promise<void> {
    assert.equal(await this.reads(reply), reply, line);
  }

  /** Resolves when exactly so many bytes as `expected` has were read, with them. */
  async reads(expected: string): Promise<string> {
    while (this.#text.length < expected.length && !this.#isClosed) await this.#more();
    const text = this.#text.slice(0, expected.length);
    this.#text = this.#text.slice(expected.length);
    return text;
  }

  /** Resolves when so many lines were read, with them. */
  async lines(count: number): Promise<string[]> {
    const lines: string[] = [];
    while (lines.length < count && !this.#isClosed) {
      const end = this.#text.indexOf('\r\n');
      if (end < 0) await this.#more();
      else {
        lines.push(this.#text.slice(0, end));
        this.#text = this.#text.slice(end + 2);
      }
    }
    return lines;
  }

  /** Resolves with the bytes up to `end`, which is the end of a reply whose length is unknown. */
  async readsUpTo(end: string): Promise<string> {
    while (!this.#text.includes(end) && !this.#isClosed) await this.#more();
    return this.reads(this.#text.slice(0, this.#text.indexOf(end) + end.length));
  }

  /** Everything until the node closes. */
  async all(): Promise<string> {
    while (!this.#isClosed) await this.#more();
    return this.#text;
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** A request as clients send it. */
export function request(...words: ReadonlyArray<string | Uint8Array>): Buffer {
  const parts = words.map((word) => Buffer.from(word as string));
  return Buffer.concat([
    Buffer.from(`*${parts.length}\r\n`),
    ...parts.flatMap((part) => [Buffer.from(`$${part.length}\r\n`), part, Buffer.from('\r\n')]),
  ]);
}
