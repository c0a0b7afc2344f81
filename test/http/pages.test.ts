import assert from 'node:assert/strict';
import { eventually } from '../../benchmarks/waiting.js';
import { Access } from '../../src/access/access.js';
import { SCRAPE_SHARED_MS } from '../../src/base/limits.js';
import { silentLogger } from '../../src/base/logger.js';
import { HttpPages } from '../../src/http/pages.js';
import { bindServers } from '../../src/listener/binding.js';
import { TestClock } from '../support/clock.js';
import { UserRecords } from '../support/user-records.js';
import { busyFacts, LEADER } from './facts.js';

async function statusOf({ status, body }: Response): Promise<number> {
  await body?.cancel();
  return status;
}

describe('the page of the metrics', () => {
  const clock = new TestClock();
  const pages = new HttpPages({ clock, logger: silentLogger, ready: { readyLagMs: 1 } });
  let scrapes = 0;
  let end: (failure?: Error) => void = () => {};
  let address = '';

  before(async () => {
    ({ address } = await bindServers('127.0.0.1:0', (options) => pages.server.create(options)));
    pages.show({
      conditions: LEADER,
      access: new Access({ records: new UserRecords(), clock, logger: silentLogger }),
      directory: '/data',
      resyncs: { own: [], served: [] },
      figures: () =>
        new Promise((resolve, reject) => {
          scrapes++;
          end = (failure) => (failure ? reject(failure) : resolve(busyFacts()));
        }),
    });
  });

  after(() => pages.close());

  /** Asks for the page. Resolves when the node has the request, with the status of the answer. */
  async function ask(): Promise<{ readonly status: Promise<number> }> {
    const { waiting } = clock;
    const answer = fetch(`http://${address}/metrics`);
    await eventually('the request to arrive', async () => clock.waiting > waiting);
    return { status: answer.then(statusOf) };
  }

  it('shares a scrape that hangs, and makes the next one from new facts', async () => {
    const asked = [await ask()];
    for (let i = 0; i < 3; i++) {
      await clock.advance(SCRAPE_SHARED_MS);
      asked.push(await ask());
    }
    assert.equal(scrapes, 1);
    end();
    assert.deepEqual(await Promise.all(asked.map(({ status }) => status)), [200, 200, 200, 200]);
    const next = await ask();
    assert.equal(scrapes, 2);
    end();
    assert.equal(await next.status, 200);
  });

  it('gets over a scrape that fails', async () => {
    await clock.advance(SCRAPE_SHARED_MS);
    const failing = await ask();
    end(new Error('the disk is gone'));
    assert.equal(await failing.status, 500);
    await clock.advance(SCRAPE_SHARED_MS);
    const next = await ask();
    end();
    assert.equal(await next.status, 200);
  });
});
