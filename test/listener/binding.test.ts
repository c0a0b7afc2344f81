import assert from 'node:assert/strict';
import type net from 'node:net';
import { HeadwaterError } from '../../src/base/errors.js';
import { type Bound, bind } from '../../src/listener/binding.js';

describe('the address of a listener', () => {
  const open: Bound[] = [];
  afterEach(() => {
    for (const { servers } of open.splice(0)) for (const server of servers) server.close();
  });

  const both = async () => [{ address: '127.0.0.1' }, { address: '127.0.0.2' }, { address: '127.0.0.1' }];
  const connected = (socket: net.Socket) => socket.destroy();

  async function bound(...args: [string, typeof both?]): Promise<Bound> {
    const result = await bind(args[0], connected, args[1]);
    open.push(result);
    return result;
  }

  async function refusal(...args: [string, typeof both?]): Promise<HeadwaterError> {
    const failure = await bound(...args).catch((reason) => reason);
    assert(HeadwaterError.is(failure), String(failure));
    return failure;
  }

  it('that is a name with several addresses is bound at each, at one free port', async () => {
    const { address, servers } = await bound('db.example:0', both);
    const places = servers.map((server) => server.address() as net.AddressInfo);
    assert.deepEqual(
      places.map((place) => place.address),
      ['127.0.0.1', '127.0.0.2'],
    );
    assert.equal(new Set(places.map(({ port }) => port)).size, 1);
    assert.equal(address, `db.example:${places[0]?.port}`);
  });

  it('is bound if one of its addresses is', async () => {
    const elsewhere = async () => [{ address: '203.0.113.1' }, { address: '127.0.0.1' }];
    for (const port of [0, (await bound('127.0.0.1:0')).address.split(':')[1]]) {
      if (port !== 0) for (const server of open.splice(0).flatMap(({ servers }) => servers)) await closed(server);
      assert.equal((await bound(`db.example:${port}`, elsewhere)).servers.length, 1);
    }
  });

  it('in use is refused by name, though another of its addresses fails otherwise', async () => {
    const { address } = await bound('127.0.0.1:0');
    const port = address.split(':')[1];
    const mixed = async () => [{ address: '203.0.113.1' }, { address: '127.0.0.1' }];
    const failure = await refusal(`db.example:${port}`, mixed);
    assert.equal(failure.code, 'address_in_use');
    assert.equal(failure.message, `cannot listen on db.example:${port}: another process listens there`);
  });

  it('of another machine is refused', async () => {
    const failure = await refusal('203.0.113.1:7420');
    assert.equal(failure.code, 'invalid_argument');
    assert.equal(failure.message, 'cannot listen on 203.0.113.1:7420: this machine has no such address');
  });

  it('that no name server knows is refused', async () => {
    const unknown = async () => {
      throw Object.assign(new Error('getaddrinfo ENOTFOUND db.example'), { code: 'ENOTFOUND' });
    };
    const failure = await refusal('db.example:7420', unknown);
    assert.equal(failure.code, 'invalid_argument');
    assert.equal(failure.message, 'cannot listen on db.example:7420: there is no host of that name');
  });

  it('may be localhost, whatever that stands for', async () => {
    const { address } = await bound('localhost:0');
    assert.match(address, /^localhost:[1-9]\d*$/);
  });
});

function closed(server: net.Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
