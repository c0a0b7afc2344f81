/** Random transactions: some watch keys, some of these are written meanwhile, and some are dropped or refused. */

import type { Dice } from '../../support/dice.js';
import { randomCommands } from './commands.js';
import { all, either, integer, key, numberKey, type Slot, times, words } from './words.js';

/** Commands whose replies may differ (see exceptions.ts), which is only known of commands that are alone. */
const LEFT_OUT = ['TTL', 'PTTL', 'BITCOUNT', 'BITPOS', 'LCS', 'KEYS', 'SCAN'];

/** Writes of a watched key that change it for both servers. */
const write: Slot = either(
  all(words('SET'), key, integer(0, 9)),
  all(words('INCR'), numberKey),
  all(words('DEL'), key),
);

const odd = [['MULTI'], ['WATCH', 'a'], ['UNWATCH'], ['EXEC', 'x'], ['WATCH']];

export function randomTransaction(dice: Dice): string[][] {
  const watch = dice.chance(0.4) ? [all(words('WATCH'), times(1, 2, key))(dice)] : [];
  const between = watch.length > 0 && dice.chance(0.5) ? [write(dice)] : [];
  const inner: string[][] = [];
  for (let count = dice.below(6); count > 0; count--) inner.push(...insideCommands(dice));
  const end = dice.pick(['EXEC', 'exec', 'EXEC', 'Exec', 'DISCARD']);
  const after = dice.chance(0.05) ? [[dice.pick(['EXEC', 'DISCARD', 'UNWATCH'])]] : [];
  return [...watch, ...between, ['MULTI'], ...inner, [end], ...after];
}

function insideCommands(dice: Dice): string[][] {
  if (dice.chance(0.03)) return [dice.pick(odd)];
  const commands = randomCommands(dice);
  return commands.some(([name = '']) => LEFT_OUT.includes(name.toUpperCase())) ? [] : commands;
}
