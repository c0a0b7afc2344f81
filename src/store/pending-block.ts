/** The commands of the block that the writer is making, before it is sealed. */
import { HeadwaterError } from '../base/errors.js';
import { keyName } from '../base/key-name.js';
import { BLOCK_BYTES_CEILING, BLOCK_BYTES_TARGET, BLOCK_COMMANDS_MAX, TURN_STEPS_MAX } from '../base/limits.js';
import { isReserved, reservedKey, reservedName } from '../base/reserved-keys.js';
import { BLOCK_HEADER_BYTES } from '../log/block.js';
import { type Command, TYPE_RESERVED } from '../model/command.js';
import type { RecordChanges, Records } from './reserved-records.js';

/** The framing of one command in a block at the most: six tags and lengths, expiry, type, the joined flag. */
const COMMAND_OVERHEAD_BYTES = 40;

const NO_RECORDS: Records = new Map();

export class PendingBlock {
  readonly commands: Command[] = [];
  /** The offset that its first command gets. */
  readonly firstOffset: number;
  /** Work of the operations beside look-ups, in steps of a few nanoseconds. */
  steps = 0;
  /** The approximate size of the block. */
  #bytes = 0;
  /** The number of puts for each key, among the first `#namedCommands` commands. `hasPut` takes the others in. */
  readonly #puts = new Map<string, number>();
  #namedCommands = 0;
  readonly #recordsBefore: () => Records;

  /** @param recordsBefore the records of the node itself, before the block. */
  constructor(firstOffset: number, recordsBefore: () => Records = () => NO_RECORDS) {
    this.firstOffset = firstOffset;
    this.#recordsBefore = recordsBefore;
  }

  /** The offset that the command added last gets. */
  get lastOffset(): number {
    return this.firstOffset + this.commands.length - 1;
  }

  /** Whether the next command belongs to the next block. */
  get isFull(): boolean {
    return this.commands.length >= BLOCK_COMMANDS_MAX || this.#bytes >= BLOCK_BYTES_TARGET || this.hasTakenLong;
  }

  /** Whether other work of the node comes before the next operation. */
  get hasTakenLong(): boolean {
    return this.steps >= TURN_STEPS_MAX;
  }

  /** @throws HeadwaterError `too_large` if a transaction's results outgrow a block. */
  add(command: Command): void {
    const bytes = this.#bytes + weigh(command);
    if (bytes > BLOCK_BYTES_CEILING - BLOCK_HEADER_BYTES) {
      throw new HeadwaterError(
        'too_large',
        `expected a transaction of at most ${BLOCK_BYTES_CEILING} bytes, received ${bytes} bytes or more`,
      );
    }
    this.#bytes = bytes;
    this.commands.push(command);
  }

  /** Tells whether a command puts an entry of the key. A transaction may ask for many thousand keys. */
  hasPut(key: Buffer): boolean {
    for (; this.#namedCommands < this.commands.length; this.#namedCommands++)
      this.#notePut(this.commands[this.#namedCommands] as Command, 1);
    return (this.#puts.get(keyName(key)) ?? 0) > 0;
  }

  #notePut(command: Command, change: 1 | -1): void {
    if (command.kind !== 'put') return;
    const name = keyName(command.key);
    this.#puts.set(name, (this.#puts.get(name) ?? 0) + change);
  }

  /** The records of the node itself, with the changes of the block. */
  records(): Map<string, Buffer> {
    const records = new Map(this.#recordsBefore());
    for (const command of this.commands) {
      if (command.kind === 'clear') records.clear();
      if (command.kind !== 'put' && command.kind !== 'del') continue;
      if (!isReserved(command.key)) continue;
      const name = reservedName(command.key);
      if (command.kind === 'put') records.set(name, command.value);
      else records.delete(name);
    }
    return records;
  }

  /** Changes records of the node itself, as one transaction. */
  putRecords(changes: RecordChanges): void {
    let joined = false;
    for (const [name, value] of changes) {
      const key = reservedKey(name);
      if (value) this.add({ kind: 'put', key, value, expiresAtMs: 0, type: TYPE_RESERVED, joined });
      else this.add({ kind: 'del', key, joined });
      joined = true;
    }
  }

  /** Drops the commands behind the first `count`. */
  cutTo(count: number): void {
    for (; this.#namedCommands > count; this.#namedCommands--)
      this.#notePut(this.commands[this.#namedCommands - 1] as Command, -1);
    for (const command of this.commands.splice(count)) this.#bytes -= weigh(command);
  }
}

function weigh(command: Command): number {
  let bytes = COMMAND_OVERHEAD_BYTES;
  if (command.kind === 'put') bytes += command.key.length + command.value.length;
  else if (command.kind === 'del' || command.kind === 'touch') bytes += command.key.length;
  else if (command.kind === 'message') bytes += command.channel.length + command.data.length;
  return bytes;
}
