import assert from 'node:assert/strict';
import { FIRST_BYTES_MS_MAX, SILENT_YIELD_MS_MIN } from '../../src/base/limits.js';
import { Places } from '../../src/listener/places.js';
import { placeBounds } from '../../src/listener/shortage.js';
import { SilentConnections } from '../../src/listener/silent-connections.js';
import { TestClock } from '../support/clock.js';

class Peer {
  readonly host: string;
  isDropped = false;

  constructor(host = '10.0.0.1') {
    this.host = host;
  }

  drop(): void {
    this.isDropped = true;
  }
}

describe('the places of connections', () => {
  let clock: TestClock;
  let silent: SilentConnections<Peer>;
  let places: Places<Peer>;
  beforeEach(() => {
    clock = new TestClock();
    silent = new SilentConnections<Peer>(clock, FIRST_BYTES_MS_MAX, (peer) => peer.drop());
    places = new Places(
      { clientsMax: 2, reserved: 2, perAddressMax: Number.POSITIVE_INFINITY, isChosen: false },
      silent,
    );
  });

  /** Opens connections that have shown their protocol. */
  function open(count: number, host?: string): Peer[] {
    return Array.from({ length: count }, () => {
      const peer = new Peer(host);
      assert(places.open(peer));
      return peer;
    });
  }

  it('are the bound less the reserve, which is a quarter of a small bound', () => {
    const isChosen = false;
    const perAddressMax = Infinity;
    assert.deepEqual(placeBounds(1_000, undefined), { clientsMax: 936, reserved: 64, perAddressMax, isChosen });
    assert.deepEqual(placeBounds(86, 3), { clientsMax: 64, reserved: 22, perAddressMax: 3, isChosen });
    assert.deepEqual(placeBounds(undefined, undefined), {
      clientsMax: Infinity,
      reserved: 64,
      perAddressMax,
      isChosen,
    });
  });

  it('are as many as a person wants, if there are descriptors for them', () => {
    const chosen = placeBounds(1_000, undefined, 10);
    assert.deepEqual([chosen.clientsMax, chosen.reserved], [10, 64]);
    assert.equal(placeBounds(1_000, undefined, 5_000).clientsMax, 936);
    places.bounds = { ...chosen, clientsMax: 0 };
    const [beyond] = open(1) as [Peer];
    assert.match(
      places.claim(beyond)?.message ?? '',
      /expected at most 0, received another\..*or raise --max-connections$/,
    );
  });

  it('are for clients first, and one more client is refused with both values', () => {
    const [first, , beyond] = open(3) as [Peer, Peer, Peer];
    assert.equal(places.claim(first), undefined);
    const refusal = places.claim(beyond);
    assert.equal(refusal?.code, 'overloaded');
    assert.match(refusal.message, /expected at most 2, received another\. 2 more are reserved.*ulimit -n/);
  });

  it('go to a connection of the reserve once free, which leaves its place in the reserve', () => {
    const [first, , third] = open(3) as [Peer, Peer, Peer];
    places.release(first);
    assert.equal(places.claim(third), undefined);
    const later = open(2);
    assert(later.every((peer) => places.claim(peer) !== undefined));
    assert(!third.isDropped);
  });

  it('of the reserve go to the newest, unless the oldest carry replication', () => {
    const [, , proven, unproven] = open(4) as [Peer, Peer, Peer, Peer];
    places.prove(proven);
    const [newest] = open(1) as [Peer];
    assert.deepEqual([proven.isDropped, unproven.isDropped], [false, true]);
    places.prove(newest);
    assert.equal(places.open(new Peer()), false, 'all of the reserve is in use');
    places.release(newest);
    assert.equal(places.open(new Peer()), true);
  });

  it('go from a connection that was silent for a while to a newer one, and not sooner', async () => {
    const [quiet] = open(1) as [Peer];
    silent.add(quiet);
    open(1);
    await clock.advance(SILENT_YIELD_MS_MIN - 1);
    const [early] = open(1) as [Peer];
    assert.equal(quiet.isDropped, false);
    assert.notEqual(places.claim(early), undefined);
    await clock.advance(1);
    const [late] = open(1) as [Peer];
    assert.equal(quiet.isDropped, true);
    assert.equal(places.claim(late), undefined);
  });

  it('go from a silent connection to one of the reserve that asks again, though no other comes', async () => {
    const [quiet] = open(1) as [Peer];
    silent.add(quiet);
    const [, early] = open(2) as [Peer, Peer];
    assert.notEqual(places.claim(early), undefined);
    await clock.advance(SILENT_YIELD_MS_MIN);
    assert.equal(places.claim(early), undefined);
    assert.deepEqual([quiet.isDropped, early.isDropped], [true, false]);
  });

  it('for one address are bounded, and others are not held back by it', () => {
    places = new Places({ clientsMax: 10, reserved: 2, perAddressMax: 1, isChosen: false }, silent);
    const [first, second] = open(2, '10.0.0.9') as [Peer, Peer];
    const [other] = open(1, '10.0.0.8') as [Peer];
    assert.equal(places.claim(other), undefined);
    assert.match(
      places.claim(second)?.message ?? '',
      /from 10\.0\.0\.9: expected at most 1 .*--connections-per-address/,
    );
    places.release(first);
    places.release(first);
    assert.equal(places.claim(second), undefined);
  });

  it('yield to nobody who is over the bound of the own address', async () => {
    places = new Places({ clientsMax: 2, reserved: 2, perAddressMax: 1, isChosen: false }, silent);
    const [quiet] = open(1, '10.0.0.8') as [Peer];
    silent.add(quiet);
    open(1, '10.0.0.9');
    await clock.advance(SILENT_YIELD_MS_MIN);
    open(1, '10.0.0.9');
    assert.equal(quiet.isDropped, false);
  });
});
