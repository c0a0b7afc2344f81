/** Conversations of several connections with one server: each says something, and some of them hear bytes. */
import assert from 'node:assert/strict';
import net from 'node:net';
import { Wire } from './door.js';

/** A connection says a command in words. Connections hear bytes, one text after another. */
export type Turn = readonly [speaker: string, words: string, heard: Readonly<Record<string, string>>];

/** Leads the conversation with the server at an address. Every byte that the server sends has to be an expected one. */
export async function converse(address: net.NetConnectOpts, turns: readonly Turn[]): Promise<void> {
  const wires = new Map<string, Wire>();
  const wireOf = (name: string) => {
    const wire = wires.get(name) ?? new Wire(net.connect(address));
    wires.set(name, wire);
    return wire;
  };
  try {
    for (const [speaker, words, heard] of turns) {
      wireOf(speaker).command(...wordsOf(words));
      // The welcome names versions and numbers, which differ.
      if (words === 'HELLO 3' && Object.keys(heard).length === 0) await wireOf(speaker).readsUpTo('modules\r\n*0\r\n');
      for (const [name, bytes] of Object.entries(heard)) await hears(wireOf(name), bytes, `${speaker}: ${words}`);
    }
    for (const [name, wire] of wires) {
      wire.command('QUIT');
      assert.equal(await wire.all(), '+OK\r\n', `the rest of ${name}`);
    }
  } finally {
    for (const { socket } of wires.values()) socket.destroy();
  }
}

const PATIENCE_MS = 10_000;

async function hears(wire: Wire, bytes: string, turn: string): Promise<void> {
  const impatience = setTimeout(() => {
    wire.socket.destroy();
  }, PATIENCE_MS);
  assert.equal(await wire.reads(bytes), bytes, turn);
  clearTimeout(impatience);
}

/** `''` is the empty word. */
function wordsOf(words: string): string[] {
  return words.split(' ').map((word) => (word === "''" ? '' : word));
}

/** A reply or message as bytes: text as bulk, numbers as integers, null as RESP2 has it. */
export function list(...items: ReadonlyArray<string | number | null>): string {
  return `*${items.length}\r\n${items.map(item).join('')}`;
}

/** The same as a push of RESP3. */
export function push(...items: ReadonlyArray<string | number | null>): string {
  return `>${items.length}\r\n${items.map((one) => (one === null ? '_\r\n' : item(one))).join('')}`;
}

function item(one: string | number | null): string {
  if (one === null) return '$-1\r\n';
  return typeof one === 'number' ? `:${one}\r\n` : `$${Buffer.byteLength(one)}\r\n${one}\r\n`;
}
