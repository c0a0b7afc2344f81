/**
 * A server that does nothing but answer: the most that a program of Node can reach under redis-benchmark on this
 * machine. It reads no request. All requests of a connection have one length, so that bytes tell how many have come.
 * `node socket-floor.js PORT VALUE_BYTES`
 */
import net, { type Socket } from 'node:net';

const KEY_BYTES = 16;
const REPLIES_MAX = 10_000;

/** A request as redis-benchmark sends it, with any key. */
function requestOf(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
}

/** The bytes of a request, and the replies to as many as come at once. */
function exchangeOf(words: readonly string[], reply: string): { readonly bytes: number; readonly replies: Buffer } {
  return { bytes: requestOf(words).length, replies: Buffer.from(reply.repeat(REPLIES_MAX)) };
}

function answer(socket: Socket, valueBytes: number): void {
  const key = 'k'.repeat(KEY_BYTES);
  const value = 'v'.repeat(valueBytes);
  let exchange: ReturnType<typeof exchangeOf> | undefined;
  let received = 0;
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    if (!exchange) {
      const command = /\r\n(SET|GET)\r\n/.exec(chunk.toString('latin1', 0, 40))?.[1];
      // redis-benchmark asks for the configuration first, and goes on without it.
      if (command === undefined) return void socket.end('-ERR no configuration\r\n');
      exchange =
        command === 'SET'
          ? exchangeOf(['SET', key, value], '+OK\r\n')
          : exchangeOf(['GET', key], `$${valueBytes}\r\n${value}\r\n`);
    }
    received += chunk.length;
    const complete = Math.floor(received / exchange.bytes);
    received -= complete * exchange.bytes;
    const replyBytes = exchange.replies.length / REPLIES_MAX;
    if (complete > 0) socket.write(exchange.replies.subarray(0, complete * replyBytes));
  });
}

const [port, valueBytes] = process.argv.slice(2).map(Number) as [number, number];
net.createServer((socket) => answer(socket, valueBytes)).listen(port, '127.0.0.1', () => console.error('ready'));
