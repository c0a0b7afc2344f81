/** Commands of Redis on expiries, reply by reply. */
import { Door } from './door.js';

const NX_WITH_OTHERS = '-ERR NX and XX, GT or LT options at the same time are not compatible';
const GT_WITH_LT = '-ERR GT and LT options at the same time are not compatible';
const NOT_AN_INTEGER = '-ERR value is not an integer or out of range';

const invalid = (name: string) => `-ERR invalid expire time in '${name}' command`;

describe('commands of Redis on expiries', () => {
  const door = new Door();
  afterEach(() => door.close());

  it('answers -2 for no key, and -1 for no expiry', () =>
    door.answers(
      ...['TTL', 'PTTL', 'EXPIRETIME', 'PEXPIRETIME'].map((name) => [`${name} a`, ':-2'] as const),
      ['SET a 1', '+OK'],
      ...['TTL', 'PTTL', 'EXPIRETIME', 'PEXPIRETIME'].map((name) => [`${name} a`, ':-1'] as const),
    ));

  it('gives a key an expiry, and takes it away', () =>
    door.answers(
      ['PERSIST a', ':0'],
      ['EXPIRE a 10', ':0'],
      ['SET a 1', '+OK'],
      ['PERSIST a', ':0'],
      ['EXPIRE a 100', ':1'],
      ['TTL a', ':100'],
      ['PEXPIRE a 99400', ':1'],
      ['TTL a', ':99'],
      ['EXPIREAT a 4102444800', ':1'],
      ['PEXPIRETIME a', ':4102444800000'],
      ['PEXPIREAT a 4102444800499', ':1'],
      ['EXPIRETIME a', ':4102444800'],
      ['PEXPIREAT a 4102444800500', ':1'],
      ['EXPIRETIME a', ':4102444801'],
      ['PERSIST a', ':1'],
      ['PTTL a', ':-1'],
    ));

  it('deletes the key if the moment is over', () =>
    door.answers(
      ...['EXPIRE a -1', 'EXPIRE a 0', 'PEXPIRE a -9223372036854775808', 'EXPIREAT a 1', 'PEXPIREAT a -1'].flatMap(
        (line) =>
          [
            ['SET a 1', '+OK'],
            [line, ':1'],
            ['EXISTS a', ':0'],
          ] as const,
      ),
    ));

  it('compares with the expiry that the key has', () =>
    door.answers(
      ['SET a 1', '+OK'],
      ['EXPIREAT a 4102444800 XX', ':0'],
      ['EXPIREAT a 4102444800 gt', ':0'],
      ['EXPIREAT a 4102444800 XX GT', ':0'],
      ['EXPIREAT a 4102444800 XX LT', ':0'],
      ['EXPIREAT a 4102444800 LT', ':1'],
      ['EXPIREAT a 4102444801 NX', ':0'],
      ['EXPIREAT a 4102444800 GT', ':0'],
      ['EXPIREAT a 4102444801 GT XX', ':1'],
      ['EXPIREAT a 4102444801 LT', ':0'],
      ['EXPIREAT a 4102444800 LT XX', ':1'],
      ['EXPIREAT a 1 GT', ':0'],
      ['EXPIREAT a 1 NX NX', ':0'],
      ['PERSIST a', ':1'],
      ['EXPIREAT a 1 NX NX', ':1'],
      ['EXISTS a', ':0'],
    ));

  it('refuses options that contradict each other or do not exist, before it reads the number', () =>
    door.answers(
      ['EXPIRE a x NX XX', NX_WITH_OTHERS],
      ['EXPIRE a x NX GT', NX_WITH_OTHERS],
      ['EXPIRE a x LT NX GT', NX_WITH_OTHERS],
      ['EXPIRE a x GT LT', GT_WITH_LT],
      ['EXPIRE a x NX foo', '-ERR Unsupported option foo'],
      ['EXPIRE a x NX', NOT_AN_INTEGER],
    ));

  it('refuses times that are no integers, or that no clock can have', () =>
    door.answers(
      ['SET a 1', '+OK'],
      ...['x', '+5', '010', '1.5', '-0', '9223372036854775808'].map(
        (time) => [`EXPIRE a ${time}`, NOT_AN_INTEGER] as const,
      ),
      ['EXPIRE a 9223372036854776', invalid('expire')],
      ['EXPIRE a -9223372036854776', invalid('expire')],
      ['EXPIREAT a 9223372036854775807', invalid('expireat')],
      ['PEXPIRE a 9223372036854775807', invalid('pexpire')],
      ['PEXPIRE nothing 9007199254740991', invalid('pexpire')],
      ['PEXPIREAT a 9007199254740992', invalid('pexpireat')],
      ['TTL a', ':-1'],
      ['PEXPIREAT a 9007199254740991', ':1'],
      ['PEXPIRETIME a', ':9007199254740991'],
    ));
});
