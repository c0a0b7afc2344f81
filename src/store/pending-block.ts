/** The commands of the block that the writer is making, before it is sealed. */
import { HeadwaterError } from '../base/errors.js';
import { BLOCK_BYTES_CEILING, BLOCK_BYTES_TARGET, BLOCK_COMMANDS_MAX } from '../base/limits.js';
import { BLOCK_HEADER_BYTES } from '../log/block.js';
import type { Command } from '../model/command.js';

/** The framing of one command in a block at the most: six tags and lengths, expiry, type, the joined flag. */
const COMMAND_OVERHEAD_BYTES = 40;

export class PendingBlock {
  readonly commands: Command[] = [];
  /** The approximate size of the block. */
  #bytes = 0;

  /** Whether the next command belongs to the next block. */
  get isFull(): boolean {
    return this.commands.length >= BLOCK_COMMANDS_MAX || this.#bytes >= BLOCK_BYTES_TARGET;
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

  /** Drops the commands behind the first `count`. */
  cutTo(count: number): void {
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
