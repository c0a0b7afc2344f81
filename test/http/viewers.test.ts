/** The live view of the status page: its cost while nobody looks, and its bounds for those who do. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { eventually } from '../../benchmarks/waiting.js';
import { Access } from '../../src/access/access.js';
import { Users } from '../../src/access/users.js';
import { HTTP_STANDSTILL_MS_MAX, PICTURE_EVERY_MS, VIEWERS_MAX } from '../../src/base/limits.js';
import { silentLogger } from '../../src/base/logger.js';
import type { NodeFigures } from '../../src/http/facts.js';
import { HttpPages } from '../../src/http/pages.js';
import { bindServers } from '../../src/listener/binding.js';
import type { UserRole } from '../../src/model/user.js';
import { TestClock } from '../support/clock.js';
import { UserRecords } from '../support/user-records.js';
import { busyFacts, LEADER } from './facts.js';
import { below, calmLeader } from './status.js';

describe('the live view of the status page', () => {
  let clock: TestClock;
  let pages: HttpPages;
  let port: number;
  let looks: number;
  let figures: () => Promise<NodeFigures>;
  let records: UserRecords;
  let users: Users;
  let access: Access;
  const requests: http.ClientRequest[] = [];

  beforeEach(async () => {
    clock = new TestClock();
    looks = 0;
    figures = async () => ({ ...busyFacts(), status: calmLeader() });
    records = new UserRecords();
    access = new Access({ records, clock, logger: silentLogger });
    users = new Users(access, records, { withoutUsers: [] }, () => 1);
    pages = new HttpPages({ clock, logger: silentLogger, ready: { readyLagMs: 1 } });
    const { address } = await bindServers('127.0.0.1:0', (options) => pages.server.create(options));
    port = Number(address.split(':')[1]);
  });

  afterEach(async () => {
    for (const request of requests.splice(0)) request.destroy();
    await pages.close();
  });

  function show(): void {
    pages.show({
      conditions: LEADER,
      access,
      directory: '/data',
      resyncs: { own: [], served: [] },
      figures: () => {
        looks++;
        return figures();
      },
    });
  }

  /** Asks for the events. The text grows as they arrive. */
  async function watch(credentials?: string): Promise<{ status: number; text: string; answer: http.IncomingMessage }> {
    const request = http.get({ port, host: '127.0.0.1', path: '/events', agent: false, auth: credentials });
    requests.push(request);
    request.on('error', () => {});
    const [answer] = (await once(request, 'response')) as [http.IncomingMessage];
    const seen = { status: answer.statusCode ?? 0, text: '', answer };
    answer.setEncoding('utf8').on('data', (part: string) => {
      seen.text += part;
    });
    answer.on('error', () => {});
    return seen;
  }

  async function makeUser(name: string, role: UserRole): Promise<string> {
    const { secret } = await users.create({
      name,
      roles: [role],
      keyPrefixes: [],
      channelPrefixes: [],
      secret: undefined,
      limits: undefined,
    });
    return secret;
  }

  const picturesIn = ({ text }: { text: string }) => text.split('data: {').length - 1;

  it('makes one picture a second for all viewers, and none while nobody looks', async () => {
    show();
    await clock.advance(10 * PICTURE_EVERY_MS);
    assert.deepEqual([looks, clock.waiting], [0, 0]);
    const viewers = [await watch(), await watch(), await watch()];
    await eventually('the first picture', async () => viewers.every((viewer) => picturesIn(viewer) >= 1));
    const before = looks;
    for (let i = 0; i < 3; i++) {
      await clock.advance(PICTURE_EVERY_MS);
      await eventually('the next picture', async () => viewers.every((viewer) => picturesIn(viewer) >= 2 + i));
    }
    assert.equal(looks, before + 3);
    for (const request of requests.splice(0)) request.destroy();
    await eventually('the viewers to be gone', async () => clock.waiting === 0);
    const after = looks;
    await clock.advance(10 * PICTURE_EVERY_MS);
    assert.equal(looks, after);
  });

  it('says that the node opens its data, and shows it to those who ask again', async () => {
    const viewer = await watch();
    await eventually('the news', async () => viewer.text.includes('event: opening'));
    show();
    await eventually('the end of the view, after which a browser asks again', async () => viewer.answer.closed);
    const again = await watch();
    await eventually('the picture', async () => picturesIn(again) === 1);
  });

  it('has a place for a number of viewers, and refuses the next one with the reason', async () => {
    show();
    for (let i = 0; i < VIEWERS_MAX; i++) assert.equal((await watch()).status, 200);
    const refused = await watch();
    await once(refused.answer, 'end');
    assert.equal(refused.status, 503);
    assert.match(refused.text, new RegExp(`^expected at most ${VIEWERS_MAX} viewers`));
    assert.equal((await fetch(`http://127.0.0.1:${port}/events`, { method: 'HEAD' })).status, 503);
    assert.equal((await fetch(`http://127.0.0.1:${port}/healthz`)).status, 200);
    requests[0]?.destroy();
    await eventually('a place', async () => (await watch()).status === 200);
  });

  it('keeps one picture for a viewer that does not read, and closes its connection', async () => {
    const followers = Array.from({ length: 128 }, (_, index) => below(`${index}`.padStart(32, 'f')));
    figures = async () => ({ ...busyFacts(), status: calmLeader({ followers }) });
    show();
    const servers: net.Socket[] = [];
    const original = pages.server.create.bind(pages.server);
    const { address } = await bindServers('127.0.0.1:0', (options) => {
      const server = original(options);
      server.on('connection', (socket) => servers.push(socket));
      return server;
    });
    const socket = net.connect(Number(address.split(':')[1]), '127.0.0.1');
    socket.pause().on('error', () => {});
    socket.write('GET /events HTTP/1.1\r\nHost: x\r\n\r\n');
    await eventually('the request to arrive', async () => looks > 0);
    const [peer] = servers;
    assert(peer);
    let most = 0;
    for (let i = 0; i < 3_000 && !peer.destroyed; i++) {
      await clock.advance(PICTURE_EVERY_MS);
      most = Math.max(most, peer.writableLength);
      if (most > 0 && i % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    const picture = JSON.stringify(followers).length;
    assert(most > 0, 'expected the buffers of the system to be full');
    assert(most < 3 * picture, `${most} bytes wait for a viewer that does not read`);
    await eventually('the connection to be closed', async () => peer.destroyed, {
      patienceMs: 2 * HTTP_STANDSTILL_MS_MAX,
    });
    socket.destroy();
  }).timeout(60_000);

  it('says that a picture is late while the disk holds it up, and goes on afterwards', async () => {
    let end: (found: NodeFigures) => void = () => {};
    figures = () =>
      new Promise((resolve) => {
        end = resolve;
      });
    show();
    const viewer = await watch();
    await clock.advance(3 * PICTURE_EVERY_MS);
    await eventually('the news', async () => viewer.text.includes('event: late'));
    assert.equal(looks, 1);
    end({ ...busyFacts(), status: calmLeader() });
    await eventually('the picture', async () => picturesIn(viewer) === 1);
  });

  it('gets over a picture that fails', async () => {
    const works = figures;
    figures = () => Promise.reject(new Error('the disk is gone'));
    show();
    const viewer = await watch();
    await eventually('the news', async () => viewer.text.includes('event: late'));
    figures = works;
    await clock.advance(PICTURE_EVERY_MS);
    await eventually('the picture', async () => picturesIn(viewer) === 1);
    assert.doesNotMatch(viewer.text, /disk is gone/);
  });

  const ask = (page: string, credentials?: string, method = 'GET') =>
    fetch(`http://127.0.0.1:${port}${page}`, {
      method,
      headers:
        credentials === undefined ? {} : { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` },
    });

  it('wants a user for every page but those for probes once users are in force', async () => {
    show();
    assert.equal((await ask('/')).status, 200);
    const secret = await makeUser('root', 'admin');
    const refused = await ask('/');
    assert.deepEqual(
      [refused.status, refused.headers.get('www-authenticate')],
      [401, 'Basic realm="Headwater", charset="UTF-8"'],
    );
    assert.match(await refused.text(), /expected a user and its secret, received none/);
    for (const page of ['/metrics', '/page/page.js', '/events']) assert.equal((await ask(page)).status, 401, page);
    for (const page of ['/healthz', '/readyz']) assert.equal((await ask(page)).status, 200, page);
    assert.equal((await ask('/', 'root:wrong-secret')).status, 401);
    assert.equal((await ask('/', `root:${secret}`)).status, 200);
    const reader = await makeUser('watcher', 'read');
    assert.equal((await ask('/page/page.css', `watcher:${reader}`)).status, 200);
    assert.equal((await ask('/events', `watcher:${reader}`, 'HEAD')).status, 200);
  });

  it('ends with the rights of the viewer', async () => {
    show();
    const anonymous = await watch();
    const secret = await makeUser('root', 'admin');
    await eventually('the anonymous view to end', async () => anonymous.answer.closed);
    const viewer = await watch(`root:${secret}`);
    await eventually('a picture', async () => picturesIn(viewer) === 1);
    await users.rotate('root', undefined);
    await eventually('the view to end', async () => viewer.answer.closed);
  });

  it('lets nobody keep a view from before the users were known', async () => {
    await makeUser('root', 'admin');
    const early = await watch();
    await eventually('the news', async () => early.text.includes('event: opening'));
    show();
    await eventually('the view to end', async () => early.answer.closed);
    assert.equal(picturesIn(early), 0);
    assert.equal((await watch()).status, 401);
  });
});
