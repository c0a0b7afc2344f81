/** The table of metrics, held against the conventions of Prometheus, its own tool, and the page. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { levelsOf } from '../../src/disk/leveldb/figures.js';
import type { MetricFacts } from '../../src/http/facts.js';
import { MetricsRegistry } from '../../src/http/metrics/registry.js';
import { METRICS } from '../../src/http/metrics/table.js';
import { isInstalled, skipUnless } from '../support/installed.js';
import { checkTable } from '../support/readme-table.js';
import { busyFacts, changed } from './facts.js';
import { Scrape } from './scrape.js';

const text = (facts: MetricFacts) => new MetricsRegistry(METRICS).text(facts);

/** Counters that can only be constant in one process, and names whose values are labels. */
const CONSTANT = [
  'headwater_build_info',
  'headwater_cluster_has_leader',
  'headwater_cluster_leading',
  'headwater_node_info',
  'nodejs_version_info',
];

describe('the metrics', () => {
  it('have names with their unit, and a suffix for counters alone', () => {
    assert.equal(new Set(METRICS.map(({ name }) => name)).size, METRICS.length);
    for (const { name, type, help, labels } of METRICS) {
      assert.match(name, /^(headwater|process|nodejs|grpc_server)(_[a-z]+)+$/);
      assert.equal(name.endsWith('_total'), type === 'counter', name);
      assert.doesNotMatch(name, /_(ms|milliseconds|minutes|kb|mib|percent)(_|$)/, name);
      assert(!help.endsWith('.') && help.length > 5, `${name}: ${help}`);
      for (const label of labels) assert.match(label, /^[a-z]+(_[a-z]+)*$/);
      assert(!labels.includes('le') && !labels.includes('key'), name);
    }
  });

  it('are all there if the node does everything, each with its type', async () => {
    const { types, series } = new Scrape(await text(busyFacts()));
    assert.deepEqual(Object.fromEntries(types), Object.fromEntries(METRICS.map(({ name, type }) => [name, type])));
    const empty = METRICS.filter(({ name }) => !series.some((one) => one.startsWith(name)));
    assert.deepEqual(empty, []);
  });

  it('show facts: each changes if all facts change', async () => {
    const before = new Scrape(await text(busyFacts()));
    const after = new Scrape(await text(changed(busyFacts()) as MetricFacts));
    const same = METRICS.filter(({ name }) => {
      const own = before.series.filter((one) => one.replace(/(_bucket|_sum|_count)?(\{.*)?$/, '') === name);
      assert(own.length > 0 || name.endsWith('_sum') || name.endsWith('_count'), name);
      return own.every((one) => before.value(one) === after.value(one));
    });
    assert.deepEqual(same.map(({ name }) => name).sort(), CONSTANT);
  });

  it('leave out what a node does not have', async () => {
    const facts = busyFacts();
    const { upstream: _, archive: __, ...status } = facts.status;
    const { series } = new Scrape(await text({ ...facts, status: status as MetricFacts['status'] }));
    assert.deepEqual(
      series.filter((one) => /upstream|archive/.test(one)),
      [],
    );
  });

  it('say infinite for room without a bound', async () => {
    const none = { leftBytes: undefined, ms: undefined };
    const scrape = new Scrape(await text({ ...busyFacts(), headroom: none }));
    assert.equal(scrape.value('headwater_log_headroom_bytes'), Number.POSITIVE_INFINITY);
    assert.equal(scrape.value('headwater_log_headroom_seconds'), Number.POSITIVE_INFINITY);
  });

  it('show no part of a message as a label', async () => {
    const facts = busyFacts();
    const errors = new Map([
      ['ERR', 2],
      ['user:1:secret', 3],
      ["'x'", 4],
    ]);
    const scrape = new Scrape(
      await text({ ...facts, redis: { ...facts.redis, counts: { ...facts.redis.counts, errors } } }),
    );
    assert.equal(scrape.value('headwater_redis_errors_total{error="ERR"}'), 2);
    assert.equal(scrape.value('headwater_slow_commands_total'), 4);
    assert.equal(scrape.value('headwater_redis_errors_total{error="other"}'), 7);
    assert.doesNotMatch(scrape.text, /secret/);
  });

  it('escape the text of labels', async () => {
    const facts = busyFacts();
    const address = 'a"b\\c\nd';
    const scrape = new Scrape(await text({ ...facts, status: { ...facts.status, address } }));
    assert.match(scrape.text, /address="a\\"b\\\\c\\nd"/);
  });

  it('count histograms upwards, to the count', async () => {
    const scrape = new Scrape(await text(changed(busyFacts()) as MetricFacts));
    const of = (le: string) => scrape.value(`headwater_commit_duration_seconds_bucket{le="${le}"}`);
    assert.deepEqual([of('1'), of('2'), of('+Inf')], [1, 1, 2]);
    assert.equal(scrape.value('headwater_commit_duration_seconds_count'), 2);
    assert.equal(scrape.value('headwater_commit_duration_seconds_sum'), 6);
  });

  it('pass the check of promtool', async function () {
    skipUnless(this, isInstalled('promtool', '--version'), 'promtool');
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: await text(busyFacts()) });
    assert.deepEqual([status, String(stdout), String(stderr)], [0, '', '']);
  });

  it('are in the table of the page, and no others', () => {
    const rows = METRICS.map(({ name, type, labels, help }) => [
      `\`${name}\``,
      type,
      labels.map((label) => `\`${label}\``).join(', '),
      help,
    ]);
    checkTable([['metric', 'type', 'labels', 'meaning'], ...rows], 'src/http/README.md');
  });
});

describe('the figures of LevelDB', () => {
  it('are the numbers of its own table', () => {
    const stats =
      '                               Compactions\nLevel  Files Size(MB) Time(sec) Read(MB) Write(MB)\n' +
      '--------------------------------------------------\n  0        2        5         0        0         5\n' +
      '  2       13       90         7      300       280\n';
    const MiB = 2 ** 20;
    assert.deepEqual(
      levelsOf(stats).map(({ level, files, bytes, compactionSeconds }) => [level, files, bytes, compactionSeconds]),
      [
        [0, 2, 5 * MiB, 0],
        [2, 13, 90 * MiB, 7],
      ],
    );
    assert.deepEqual(levelsOf(''), []);
  });
});
