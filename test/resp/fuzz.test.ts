/**
 * Requests of all kinds, valid and broken, for the parser of the Redis protocol: whole, byte by byte and in random cuts.
 * HEADWATER_INPUTS sets how many, and HEADWATER_SEED repeats a run.
 */
import assert from 'node:assert/strict';
import { ProtocolError } from '../../src/resp/codec/protocol-error.js';
import { ARGUMENT_COST_BYTES, type Request, RequestParser } from '../../src/resp/codec/request-parser.js';
import { Dice } from '../support/dice.js';
import { seedOfThisRun } from '../support/random.js';
import { Inputs } from './fuzz/inputs.js';

const INPUTS = Number(process.env.HEADWATER_INPUTS ?? 10_000);
const MS_FOR_EACH_INPUT = 2;
const LIMITS = { argumentBytesMax: 1_000, requestBytesMax: 2_000 };
/** The room of a buffer for the beginning of a line. */
const ROOM_BYTES = 256;

type Found = ReadonlyArray<Request | ProtocolError>;

/** Results as one text, so that equal results are equal texts. */
function shown(found: Found): string {
  let text = '';
  for (const one of found) {
    if (one instanceof ProtocolError) text += `\n!${one.message}`;
    else for (const word of one) text += `${word === one[0] ? '\n' : ' '}${word.length}:${word.toString('latin1')}`;
  }
  return text;
}

/** Feeds the parts between the places. The parser may hold twice the bytes that came, and the costs of arguments. */
function parsed(bytes: Buffer, places: Iterable<number>): string {
  const parser = new RequestParser(LIMITS);
  const found: Array<Request | ProtocolError> = [];
  let start = 0;
  const feed = (end: number) => {
    // The socket gives each chunk a memory of its own.
    for (const one of parser.take(Buffer.from(bytes.subarray(start, end)))) found.push(one);
    start = end;
    const most = ROOM_BYTES + 2 * end + (end / 4) * ARGUMENT_COST_BYTES;
    assert(parser.heldBytes <= most + LIMITS.argumentBytesMax, `${parser.heldBytes} bytes are held of ${end}`);
  };
  for (const place of places) feed(place);
  feed(bytes.length);
  return shown(found);
}

function* everyPlace(length: number): Iterable<number> {
  for (let place = 1; place < length; place++) yield place;
}

describe('the parser of the Redis protocol', function () {
  this.timeout(10_000 + INPUTS * MS_FOR_EACH_INPUT);

  it('finds the same in any bytes, however they are cut, and holds little', () => {
    const seed = seedOfThisRun();
    const inputs = new Inputs(new Dice(seed));
    let broken = 0;
    for (let i = 0; i < INPUTS; i++) {
      const bytes = Buffer.from(inputs.next(), 'latin1');
      try {
        const whole = parsed(bytes, []);
        if (whole.includes('\n!')) broken++;
        assert.equal(parsed(bytes, inputs.cuts(bytes.length)), whole);
        if (bytes.length < 1_000) assert.equal(parsed(bytes, everyPlace(bytes.length)), whole);
      } catch (failure) {
        throw new Error(`seed ${seed}, input ${i}: ${JSON.stringify(bytes.toString('latin1'))}`, { cause: failure });
      }
    }
    assert(broken > INPUTS / 10 && broken < (INPUTS * 9) / 10, `seed ${seed}: ${broken} of ${INPUTS} were broken`);
  });
});
