/** The status page in a real browser: what a person sees of a tree of nodes, through the loss of one and its return. */
import assert from 'node:assert/strict';
import path from 'node:path';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { eventually } from '../../benchmarks/waiting.js';
import { Client, Node, type NodeOptions } from '../../src/index.js';
import { CHROMIUM, launchBrowser } from '../support/browser.js';
import { removeTemporaryDirectories, temporaryDirectory } from '../support/database.js';
import { skipUnless } from '../support/installed.js';

const LOCAL = '127.0.0.1:0';

/** What the checker of accessibility finds wrong. */
async function faultsOf(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const found = (await page.evaluate('axe.run().then(({ violations }) => violations)')) as Array<{
    readonly id: string;
    readonly nodes: ReadonlyArray<{ readonly html: string; readonly failureSummary: string }>;
  }>;
  return found.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html}: ${failureSummary}`));
}

/** The text of an element, as a person sees it. */
function shownBy(page: Page, selector: string): Promise<string> {
  // biome-ignore lint/performance/useDomNodeTextContent: the test wants no text that is hidden
  return page.locator(selector).innerText();
}

describe('the status page in a browser', function () {
  this.timeout(120_000);
  const ends: Array<() => Promise<unknown>> = [];
  let browser: Browser;
  let complaints: string[];

  before(async function () {
    skipUnless(this, CHROMIUM, 'Chromium');
    browser = await launchBrowser(CHROMIUM);
  });

  after(() => browser?.close());

  beforeEach(() => {
    complaints = [];
  });

  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
    await removeTemporaryDirectories();
  });

  async function start(options: Partial<NodeOptions> = {}): Promise<Node> {
    const data = options.data ?? path.join(await temporaryDirectory(), 'data');
    const quick = { heartbeatIntervalMs: 100, shutdownTimeoutMs: 0 };
    const node = await Node.start({ listen: LOCAL, http: LOCAL, ...quick, ...options, data });
    ends.push(() => node.stop());
    return node;
  }

  async function open({ httpAddress }: Node, options: Parameters<Browser['newPage']>[0] = {}): Promise<Page> {
    const page = await browser.newPage({ viewport: { width: 1_280, height: 900 }, ...options });
    ends.push(() => page.close());
    page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('request', (request) => {
      if (!request.url().startsWith(`http://${httpAddress}/`)) complaints.push(`a request to ${request.url()}`);
    });
    const answer = await page.goto(`http://${httpAddress}/`);
    assert.match(answer?.headers()['content-security-policy'] ?? '', /^default-src 'none'; script-src 'self';/);
    await page.getByText('Live').waitFor();
    return page;
  }

  /** The text of an element, once it holds. */
  const reads = (page: Page, selector: string, holds: RegExp) =>
    eventually(`${selector} to read ${holds}`, async () => {
      const text = await shownBy(page, selector);
      return holds.test(text.replaceAll(/\s+/g, ' ')) && text;
    });

  it('shows the tree, the figures and the resyncs, and a follower that goes and comes back', async () => {
    const leader = await start();
    const data = path.join(await temporaryDirectory(), 'follower');
    const follower = await start({ follow: leader.address, data });
    const second = await start({ follow: follower.address });
    const db = await Client.connect(leader.address);
    ends.push(() => db.close());
    for (let i = 0; i < 20; i++) await db.set(`key-${i}`, 'value');
    const page = await open(leader);
    await reads(page, 'h1', new RegExp(`^Leader ${leader.address}$`));
    await reads(page, '#warnings', /^● Nothing needs you\.$/);
    await reads(
      page,
      '#tree',
      new RegExp(`^${leader.address} leader, this node ● leads offset 20 ${follower.address} follower ● streaming`),
    );
    await reads(page, '#tree ul ul ul', new RegExp(`^${second.address} follower ● streaming`));
    await reads(page, '#tree-note', /^3 nodes\.$/);
    await reads(page, '#cards', /offset 20 .*durable .*checkpoint .*Headroom .*free/);
    await reads(page, '#resyncs', new RegExp(`● partial [A-Z_]+ to ${follower.address} `));
    await reads(page, '#charts', new RegExp(`Lag .*${follower.address} \\d+ ms`));
    assert.match(
      (await page.locator('.plot').first().getAttribute('aria-label')) ?? '',
      /^Lag, .* now \d+.ms, at most /,
    );
    assert.equal(await page.locator('canvas').count(), 4);

    await follower.stop();
    await reads(page, '#tree', new RegExp(`${follower.address} follower ▲ away .*last seen \\d+ (ms|s) ago`));
    await reads(page, '#warnings', new RegExp(`▲ Warning The follower ${follower.address} is away\\.`));
    assert.match(await page.title(), /^▲ leader /);
    const command = await shownBy(page, '#warnings code');
    assert.equal(command, `headwater --connect ${leader.address} forget ${follower.nodeId}`);
    assert.deepEqual(await faultsOf(page), []);

    const back = await start({ follow: leader.address, data, listen: follower.address });
    await reads(page, '#tree', new RegExp(`${back.address} follower ● streaming`));
    await reads(page, '#warnings', /^● Nothing needs you\.$/);
    await reads(page, '#resyncs', new RegExp(`LEVEL to ${back.address} .*to ${follower.address}`));
    assert.deepEqual(complaints, []);
  });

  it('shows a follower the way to its leader, and its link', async () => {
    const leader = await start();
    const middle = await start({ follow: leader.address });
    const last = await start({ follow: middle.address });
    const page = await open(last);
    await reads(
      page,
      '#tree',
      new RegExp(
        `^${leader.address} leader ● leads ${middle.address} follower ● streaming ${last.address} follower, this node`,
      ),
    );
    await middle.stop();
    await reads(page, '#tree', new RegExp(`${last.address} follower, this node ▲ connecting`));
    await reads(page, '#warnings', new RegExp(`headwater --connect ${middle.address} status`));
    assert.deepEqual(complaints, []);
  });

  it('has no fault for those who cannot see, in light and dark, on a phone and a wide screen', async () => {
    const leader = await start({ minFollowers: 1 });
    const follower = await start({ follow: leader.address });
    const db = await Client.connect(leader.address);
    ends.push(() => db.close());
    await eventually('a write', () => db.set('a', '1').then(() => true));
    const page = await open(leader, { viewport: { width: 360, height: 740 }, hasTouch: true });
    await follower.stop();
    await reads(page, '#warnings', /■ Alarm .*▲ Warning/);
    await page.locator('summary').click();
    for (const width of [360, 820, 1_280])
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.setViewportSize({ width, height: 740 });
        await page.emulateMedia({ colorScheme });
        assert.deepEqual(await faultsOf(page), [], `${width} pixels, ${colorScheme}`);
        const wide = (await page.evaluate('document.documentElement.scrollWidth')) as number;
        assert(wide <= width, `the page is ${wide} pixels wide on a screen of ${width}`);
      }
    assert.deepEqual(complaints, []);
  });

  it('is used with the keyboard alone: skip, pause, copy', async () => {
    const leader = await start({ minFollowers: 1 });
    const page = await open(leader);
    await reads(page, '#warnings', /■ Alarm/);
    const focused = () => page.evaluate('document.activeElement.textContent') as Promise<string>;
    await page.keyboard.press('Tab');
    assert.equal(await focused(), 'Skip to the status');
    await page.keyboard.press('Tab');
    assert.equal(await focused(), 'Pause');
    await page.keyboard.press('Enter');
    await reads(page, '#connection', /▲ Paused/);
    await page.keyboard.press('Enter');
    await reads(page, '#connection', /● Live/);
    await page.keyboard.press('Tab');
    assert.equal(
      await page.evaluate('document.activeElement.ariaLabel'),
      `Copy: ${await shownBy(page, '#warnings code')}`,
    );
    await page.keyboard.press('Enter');
    await reads(page, '#warnings button', /^(Copied|Selected)$/);
    assert.deepEqual(complaints, []);
  });

  it('says that the node is gone, and goes on when it is back', async () => {
    const data = path.join(await temporaryDirectory(), 'data');
    const first = await start({ data });
    const page = await open(first);
    const { httpAddress } = first;
    await first.stop();
    await reads(page, '#connection', /■ (No news from the node for \d+ s|No connection to the node)/);
    await start({ data, http: httpAddress });
    await reads(page, '#connection', /● Live/);
    const others = complaints.filter(
      (text) => !/ERR_(CONNECTION_REFUSED|INCOMPLETE_CHUNKED_ENCODING|EMPTY_RESPONSE)/.test(text),
    );
    assert.deepEqual(others, []);
  });
});
