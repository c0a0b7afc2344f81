/** Commands of Redis on bits, reply by reply. */
import { Door } from './door.js';

describe('commands of Redis on bits', () => {
  const door = new Door();
  afterEach(() => door.close());

  it('sets and reads bits', () =>
    door.answers(
      ['SETBIT a 7 1', ':0'],
      ['SETBIT a 7 0', ':1'],
      ['SETBIT a 100 1', ':0'],
      ['GETBIT a 100', ':1'],
      ['GETBIT a 1000', ':0'],
      ['GETBIT a 4294967295', ':0'],
      ['GETBIT b 0', ':0'],
      ['STRLEN a', ':13'],
      ['SETBIT a 4294967296 1', '-ERR bit offset is not an integer or out of range'],
      ['SETBIT a -1 1', '-ERR bit offset is not an integer or out of range'],
      ['SETBIT a x 1', '-ERR bit offset is not an integer or out of range'],
      ['SETBIT a #1 1', '-ERR bit offset is not an integer or out of range'],
      ['SETBIT a 1 2', '-ERR bit is not an integer or out of range'],
      ['SETBIT a 1 -1', '-ERR bit is not an integer or out of range'],
      ['SETBIT a 1 x', '-ERR bit is not an integer or out of range'],
      ['SETBIT a 1', "-ERR wrong number of arguments for 'setbit' command"],
      ['GETBIT a -1', '-ERR bit offset is not an integer or out of range'],
      ['GETBIT a 4294967296', '-ERR bit offset is not an integer or out of range'],
      ['GETBIT a #1', '-ERR bit offset is not an integer or out of range'],
      ['GETBIT a', "-ERR wrong number of arguments for 'getbit' command"],
    ));

  it('counts ones', () =>
    door.answers(
      ['SET a foobar', '+OK'],
      ['BITCOUNT a', ':26'],
      ['BITCOUNT a 0 0', ':4'],
      ['BITCOUNT a 1 1', ':6'],
      ['BITCOUNT a 0 -1', ':26'],
      ['BITCOUNT a -2 -1', ':7'],
      ['BITCOUNT a 5 30 BIT', ':17'],
      ['BITCOUNT a 5 30 byte', ':4'],
      ['BITCOUNT a -8 -1 bit', ':4'],
      ['BITCOUNT a 3 2', ':0'],
      ['BITCOUNT a -1 -3', ':0'],
      ['BITCOUNT a -9223372036854775807 -9223372036854775808', ':0'],
      ['BITCOUNT a 0 9223372036854775807 BIT', ':26'],
      ['BITCOUNT b', ':0'],
      ['BITCOUNT b 0 -1', ':0'],
      ['BITCOUNT a 0', '-ERR syntax error'],
      ['BITCOUNT a 0 1 foo', '-ERR syntax error'],
      ['BITCOUNT a 0 1 bit bit', '-ERR syntax error'],
      ['BITCOUNT a x 1', '-ERR value is not an integer or out of range'],
      ['BITCOUNT a 0 x', '-ERR value is not an integer or out of range'],
      ['BITCOUNT', "-ERR wrong number of arguments for 'bitcount' command"],
    ));

  it('refuses wrong arguments of BITCOUNT and BITPOS for a missing key too, as Redis 7.2 does', () =>
    door.answers(
      ['BITCOUNT a 0', '-ERR syntax error'],
      ['BITCOUNT a 0 1 hello', '-ERR syntax error'],
      ['BITCOUNT a -1 -2 hello', '-ERR syntax error'],
      ['BITCOUNT a x 1', '-ERR value is not an integer or out of range'],
      ['BITPOS a 0 0 1 hello', '-ERR syntax error'],
      ['BITPOS a 0 0 1 bit bit', '-ERR syntax error'],
      ['BITPOS a 0 x', '-ERR value is not an integer or out of range'],
    ));

  it('finds bits', () =>
    door.answers(
      ['SETRANGE a 2 x', ':3'],
      ['BITPOS a 1', ':17'],
      ['BITPOS a 0', ':0'],
      ['BITPOS a 1 2', ':17'],
      ['BITPOS a 1 0 1', ':-1'],
      ['BITPOS a 1 17 -1 BIT', ':17'],
      ['BITPOS a 0 18 20 bit', ':-1'],
      ['SET b ""', '+OK'],
      ['BITPOS b 0', ':-1'],
      ['BITPOS b 1', ':-1'],
      ['BITPOS c 0', ':0'],
      ['BITPOS c 1', ':-1'],
      ['BITPOS c 0 5 6', ':0'],
      ['SETBIT d 0 1', ':0'],
      ['SET d "\\xff\\xff"', '+OK'],
      ['BITPOS d 0', ':16'],
      ['BITPOS d 0 0', ':16'],
      ['BITPOS d 0 0 -1', ':-1'],
      ['BITPOS d 0 5', ':-1'],
      ['BITPOS d 0 0 -1 bit', ':-1'],
      ['BITPOS a 2', '-ERR The bit argument must be 1 or 0.'],
      ['BITPOS a x', '-ERR value is not an integer or out of range'],
      ['BITPOS a 1 x', '-ERR value is not an integer or out of range'],
      ['BITPOS a 1 0 x', '-ERR value is not an integer or out of range'],
      ['BITPOS a 1 0 1 foo', '-ERR syntax error'],
      ['BITPOS a 1 0 1 bit bit', '-ERR syntax error'],
      ['BITPOS a', "-ERR wrong number of arguments for 'bitpos' command"],
    ));

  it('combines values', () =>
    door.answers(
      ['MSET a foof b foobar', '+OK'],
      ['BITOP AND r a b', ':6'],
      ['GET r', '$6\r\nfoob\u0000\u0000'],
      ['BITOP or r a b', ':6'],
      ['GET r', '$6\r\nfoofar'],
      ['BITOP XOR r a b', ':6'],
      ['GET r', '$6\r\n\u0000\u0000\u0000\u0004ar'],
      ['BITOP NOT r a', ':4'],
      ['GET r', '$4\r\n'],
      ['BITOP AND r a missing', ':4'],
      ['GET r', '$4\r\n\u0000\u0000\u0000\u0000'],
      ['BITOP AND r missing missing', ':0'],
      ['EXISTS r', ':0'],
      ['BITOP NOT r a b', '-ERR BITOP NOT must be called with a single source key.'],
      ['BITOP nand r a', '-ERR syntax error'],
      ['BITOP AND r', "-ERR wrong number of arguments for 'bitop' command"],
    ));

  it('reads and writes fields', () =>
    door.answers(
      ['BITFIELD a INCRBY i5 100 1 GET u4 0', '*2\r\n:1\r\n:0'],
      ['BITFIELD a SET i8 0 100 GET u8 0', '*2\r\n:0\r\n:100'],
      [
        'BITFIELD a OVERFLOW SAT INCRBY u8 0 200 OVERFLOW WRAP INCRBY u8 0 1 OVERFLOW FAIL INCRBY u8 0 -1',
        '*3\r\n:255\r\n:0\r\n$-1',
      ],
      ['BITFIELD a SET u8 #3 255 GET u8 #3 GET u8 24 GET i8 24', '*4\r\n:0\r\n:255\r\n:255\r\n:-1'],
      ['BITFIELD a GET i64 0 GET u63 0', '*2\r\n:1095216660480\r\n:547608330240'],
      ['BITFIELD a', '*0'],
      ['BITFIELD a OVERFLOW WRAP', '*0'],
      ['BITFIELD a get i8 0 get i8 1000', '*2\r\n:0\r\n:0'],
      ['BITFIELD b OVERFLOW FAIL SET u8 0 256', '*1\r\n$-1'],
      ['STRLEN b', ':1'],
      ['BITFIELD b SET u63 0 -1', '*1\r\n:0'],
      ['BITFIELD c GET u1 4294967295', '*1\r\n:0'],
      ['EXISTS c', ':0'],
      ['BITFIELD_RO a GET u8 0 OVERFLOW SAT', '*1\r\n:0'],
      ['BITFIELD_RO c GET u8 0', '*1\r\n:0'],
    ));

  it('refuses fields that there are not', () =>
    door.answers(
      [
        'BITFIELD a GET u64 0',
        '-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.',
      ],
      [
        'BITFIELD a GET i65 0',
        '-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.',
      ],
      [
        'BITFIELD a GET i0 0',
        '-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.',
      ],
      [
        'BITFIELD a GET I8 0',
        '-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.',
      ],
      [
        'BITFIELD a GET x8 0',
        '-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.',
      ],
      [
        'BITFIELD a GET i 0',
        '-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.',
      ],
      [
        'BITFIELD a GET i08 0',
        '-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.',
      ],
      ['BITFIELD a GET i8 -1', '-ERR bit offset is not an integer or out of range'],
      ['BITFIELD a GET i8 x', '-ERR bit offset is not an integer or out of range'],
      ['BITFIELD a GET i8 #x', '-ERR bit offset is not an integer or out of range'],
      ['BITFIELD a GET i8 #-1', '-ERR bit offset is not an integer or out of range'],
      ['BITFIELD a GET i8 4294967296', '-ERR bit offset is not an integer or out of range'],
      ['BITFIELD a GET i8 #536870912', '-ERR bit offset is not an integer or out of range'],
      ['BITFIELD a GET i8', '-ERR syntax error'],
      ['BITFIELD a SET i8 0', '-ERR syntax error'],
      ['BITFIELD a SET i8 0 x', '-ERR value is not an integer or out of range'],
      ['BITFIELD a INCRBY i8 0 1.5', '-ERR value is not an integer or out of range'],
      ['BITFIELD a OVERFLOW foo', '-ERR Invalid OVERFLOW type specified'],
      ['BITFIELD a OVERFLOW', '-ERR syntax error'],
      ['BITFIELD a foo i8 0', '-ERR syntax error'],
      ['BITFIELD_RO a SET i8 0 1', '-ERR BITFIELD_RO only supports the GET subcommand'],
      ['BITFIELD_RO a SET i8 0 x', '-ERR value is not an integer or out of range'],
      ['BITFIELD', "-ERR wrong number of arguments for 'bitfield' command"],
      ['EXISTS a', ':0'],
    ));
});
