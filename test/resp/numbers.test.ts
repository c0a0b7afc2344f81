/** Commands of Redis on numbers, reply by reply. */
import { Door } from './door.js';

describe('commands of Redis on numbers', () => {
  const door = new Door();
  afterEach(() => door.close());

  it('adds to integers', () =>
    door.answers(
      ['INCR a', ':1'],
      ['INCR a', ':2'],
      ['INCRBY a 40', ':42'],
      ['DECR a', ':41'],
      ['DECRBY a 41', ':0'],
      ['DECRBY a -5', ':5'],
      ['INCRBY a -10', ':-5'],
      ['DECR b', ':-1'],
      ['INCR a 1', "-ERR wrong number of arguments for 'incr' command"],
      ['INCRBY a', "-ERR wrong number of arguments for 'incrby' command"],
      ['GET a', '$2\r\n-5'],
    ));

  it('knows one form of an integer alone', () =>
    door.answers(
      ['INCRBY a +1', '-ERR value is not an integer or out of range'],
      ['INCRBY a " 1"', '-ERR value is not an integer or out of range'],
      ['INCRBY a "1 "', '-ERR value is not an integer or out of range'],
      ['INCRBY a 01', '-ERR value is not an integer or out of range'],
      ['INCRBY a -0', '-ERR value is not an integer or out of range'],
      ['INCRBY a ""', '-ERR value is not an integer or out of range'],
      ['INCRBY a 1.0', '-ERR value is not an integer or out of range'],
      ['INCRBY a 1e3', '-ERR value is not an integer or out of range'],
      ['INCRBY a 0x10', '-ERR value is not an integer or out of range'],
      ['INCRBY a 9223372036854775808', '-ERR value is not an integer or out of range'],
      ['INCRBY a -9223372036854775809', '-ERR value is not an integer or out of range'],
      ['EXISTS a', ':0'],
      ['SET a " 1"', '+OK'],
      ['INCR a', '-ERR value is not an integer or out of range'],
      ['SET a 01', '+OK'],
      ['DECR a', '-ERR value is not an integer or out of range'],
      ['SET a ""', '+OK'],
      ['INCR a', '-ERR value is not an integer or out of range'],
    ));

  it('refuses a sum beyond 64 bits', () =>
    door.answers(
      ['SET a 9223372036854775807', '+OK'],
      ['INCR a', '-ERR increment or decrement would overflow'],
      ['INCRBY a 9223372036854775807', '-ERR increment or decrement would overflow'],
      ['DECRBY a -1', '-ERR increment or decrement would overflow'],
      ['DECRBY a -9223372036854775808', '-ERR decrement would overflow'],
      ['INCRBY a -9223372036854775808', ':-1'],
      ['GET a', '$2\r\n-1'],
      ['SET a -9223372036854775808', '+OK'],
      ['DECR a', '-ERR increment or decrement would overflow'],
      ['DECRBY a 9223372036854775807', '-ERR increment or decrement would overflow'],
      ['GET a', '$20\r\n-9223372036854775808'],
    ));

  it('adds decimal fractions in the numbers of Redis', () =>
    door.answers(
      ['INCRBYFLOAT a 0.1', '$3\r\n0.1'],
      ['INCRBYFLOAT a 0.2', '$3\r\n0.3'],
      ['INCRBYFLOAT a -0.3', '$1\r\n0'],
      ['SET a 1000.1', '+OK'],
      ['INCRBYFLOAT a 0.1', '$22\r\n1000.19999999999999996'],
      ['SET a 5.0e3', '+OK'],
      ['INCRBYFLOAT a 2.0e2', '$4\r\n5200'],
      ['INCRBYFLOAT a 0x10', '$4\r\n5216'],
      ['INCRBYFLOAT a 1e25', '$26\r\n10000000000000000000000000'],
      ['SET a -0', '+OK'],
      ['INCRBYFLOAT a -0', '$1\r\n0'],
      ['SET a 3', '+OK'],
      ['INCRBYFLOAT a 1e-18', '$1\r\n3'],
      ['INCRBYFLOAT a abc', '-ERR value is not a valid float'],
      ['INCRBYFLOAT a " 1"', '-ERR value is not a valid float'],
      ['INCRBYFLOAT a ""', '-ERR value is not a valid float'],
      ['INCRBYFLOAT a nan', '-ERR value is not a valid float'],
      ['INCRBYFLOAT a 1e5000', '-ERR value is not a valid float'],
      ['INCRBYFLOAT a inf', '-ERR increment would produce NaN or Infinity'],
      ['INCRBYFLOAT a -INFINITY', '-ERR increment would produce NaN or Infinity'],
      ['INCRBYFLOAT a', "-ERR wrong number of arguments for 'incrbyfloat' command"],
      ['SET a abc', '+OK'],
      ['INCRBYFLOAT a 1', '-ERR value is not a valid float'],
      ['SET a inf', '+OK'],
      ['INCRBYFLOAT a 1', '-ERR increment would produce NaN or Infinity'],
      ['GET a', '$3\r\ninf'],
    ));

  it('keeps the expiry', () =>
    door.answers(
      ['SET a 1 PXAT 33177117420123', '+OK'],
      ['INCR a', ':2'],
      ['INCRBYFLOAT a 1.5', '$3\r\n3.5'],
      ['PEXPIRETIME a', ':33177117420123'],
    ));
});
