/**
 * The alert rules and the dashboard: every metric and label that they name is one of a node, and each alert fires in a
 * scenario made for it and no other does. The series of a scenario are the metrics of a node that does not exist, as its
 * registry writes them for each minute. Prometheus's own promtool runs the rules on them.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { MetricFacts } from '../../src/http/facts.js';
import { MetricsRegistry } from '../../src/http/metrics/registry.js';
import { METRICS } from '../../src/http/metrics/table.js';
import type { NodeStatus } from '../../src/model/status.js';
import { busyFacts } from '../http/facts.js';
import { calmFollower, calmLeader, clusterOf, known } from '../http/status.js';
import { isInstalled, skipUnless } from '../support/installed.js';
import { yamlOf } from './manifests.js';

const ALERTS = '.service/monitoring/alerts.yml';
const DASHBOARD = '.service/monitoring/dashboard.json';

interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: Readonly<Record<string, string>>;
}

const RULES = (yamlOf(ALERTS) as { groups: Array<{ rules: AlertRule[] }> }).groups.flatMap(({ rules }) => rules);

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: ReadonlyArray<{ readonly expr: string }>;
}

const PANELS = (JSON.parse(readFileSync(DASHBOARD, 'utf8')) as { panels: Panel[] }).panels;

// ---- names ----------------------------------------------------------------------------

/** The labels of all series, by their names. Prometheus adds the job and the instance. */
const SERIES = new Map<string, readonly string[]>([['up', []]]);
for (const { name, type, labels } of METRICS)
  if (type === 'histogram') {
    SERIES.set(`${name}_bucket`, [...labels, 'le']);
    for (const end of ['_sum', '_count']) SERIES.set(`${name}${end}`, labels);
  } else SERIES.set(name, labels);

const OF_PROMETHEUS = ['job', 'instance'];

/** The names in an expression that no node has. */
function unknownIn(expression: string): string[] {
  const names = [...expression.matchAll(/\b(?:headwater|process|nodejs|grpc_server)_\w+(?![\w"]|\()|\bup\b/g)];
  return names.flatMap(({ 0: name, index }) => {
    const known = SERIES.get(name);
    if (!known) return [name];
    const [, matchers = ''] = /^\{([^}]*)\}/.exec(expression.slice(index + name.length)) ?? [];
    const labels = [...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => label);
    return labels.filter((label) => ![...known, ...OF_PROMETHEUS].includes(label)).map((label) => `${name}{${label}}`);
  });
}

// ---- scenarios --------------------------------------------------------------------------

const MINUTES = 30;

/** The wall clock at the first minute. promtool begins its time at 0. */
type Change = (status: NodeStatus, minute: number) => Partial<NodeStatus>;

interface Scenario {
  readonly alerts: readonly string[];
  readonly role?: 'leader' | 'follower';
  readonly status?: Change;
  readonly facts?: (facts: MetricFacts, minute: number) => Partial<MetricFacts>;
  readonly up?: number;
}

const ARCHIVE = { directory: '/archive', offset: 1, error: '', missed: 0 };

function linkOf(status: NodeStatus, changes: Partial<NonNullable<NodeStatus['upstream']>>) {
  return { ...(status.upstream as NonNullable<NodeStatus['upstream']>), ...changes };
}

/** Delays of which one in `every` is that long. */
function delays(every: number, minute: number): MetricFacts['eventLoopSeconds'] {
  const count = (minute + 1) * 1_000;
  const quick = count - count / every;
  return { bounds: [0.01, 1], cumulative: [quick, count, count], sum: count * 0.001 };
}

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'a calm leader': { alerts: [] },
  'a calm follower': { alerts: [], role: 'follower' },
  'a node that is down': { alerts: ['HeadwaterDown'], up: 0 },
  'a node that is not ready': { alerts: ['HeadwaterNotReady'], facts: () => ({ isReady: false }) },
  'a link that is down': {
    alerts: ['HeadwaterLinkDown', 'HeadwaterLag'],
    role: 'follower',
    status: (status, minute) => ({ upstream: linkOf(status, { state: 'connecting', lagMs: minute * 60_000 }) }),
  },
  'a follower that lags': {
    alerts: ['HeadwaterLag'],
    role: 'follower',
    status: (status) => ({ upstream: linkOf(status, { lagMs: 31_000 }) }),
  },
  'a replica of an archive, which is an interval behind': {
    alerts: [],
    role: 'follower',
    status: (status) => ({ upstream: linkOf(status, { address: 's3://bucket/p', lagMs: 90_000 }) }),
  },
  'a follower that is away': {
    alerts: ['HeadwaterFollowerAway'],
    status: () => ({ knownFollowers: [known('f1', { leftMs: undefined })] }),
  },
  'too few followers': {
    alerts: ['HeadwaterTooFewFollowers'],
    status: () => ({ minFollowers: 2, followersWithinLag: 1 }),
  },
  'little headroom': {
    alerts: ['HeadwaterHeadroomLow'],
    status: () => ({ knownFollowers: [known('f1', { connected: true, leftMs: 599_000 })] }),
  },
  'a loop of resyncs': {
    alerts: ['HeadwaterResyncLoop'],
    role: 'follower',
    status: (_, minute) => ({ resyncReasons: [{ kind: 'full', reason: 'LOG_TRIMMED', count: 1 + minute }] }),
  },
  'a late archive': {
    alerts: ['HeadwaterArchiveLate'],
    status: () => ({ archive: ARCHIVE }),
    facts: (_, minute) => ({ archiveLackingSinceMs: 0, nowMs: 240_000 + minute * 60_000 }),
  },
  'an old backup': {
    alerts: ['HeadwaterBackupOld'],
    status: () => ({ archive: { ...ARCHIVE, backupAgeSeconds: 172_801 } }),
  },
  'a gap in the archive': {
    alerts: ['HeadwaterArchiveGap'],
    status: (_, minute) => ({ archive: { ...ARCHIVE, missed: minute < 10 ? 0 : 5 } }),
  },
  'a disk that is nearly full': {
    alerts: ['HeadwaterDiskNearlyFull'],
    status: () => ({ diskFreeBytes: 999, minFreeBytes: 256 }),
  },
  'a full disk': {
    alerts: ['HeadwaterDiskFull', 'HeadwaterDiskNearlyFull'],
    status: () => ({ diskFreeBytes: 200, minFreeBytes: 256, diskFull: 'too little room' }),
  },
  'writes that wait': { alerts: ['HeadwaterWritesWait'], status: () => ({ writeWaitMs: 6_000 }) },
  'a difference of digests': {
    alerts: ['HeadwaterDigestDifference'],
    status: (_, minute) => ({ digestDifferences: minute < 10 ? 0 : 1 }),
  },
  'a cluster without a leader': {
    alerts: ['HeadwaterClusterWithoutLeader'],
    role: 'follower',
    status: () => ({ cluster: { ...clusterOf(), leaderId: '', leaderAddress: '' } }),
  },
  'a cluster whose store is silent': {
    alerts: ['HeadwaterClusterStoreSilent'],
    role: 'follower',
    status: () => ({ cluster: clusterOf({ storeSilentMs: 31_000 }) }),
  },
  'a cluster of which no other node could lead': {
    alerts: ['HeadwaterClusterNoSuccessor'],
    status: () => ({
      cluster: clusterOf({
        members: clusterOf().members.map((member, i) => ({ ...member, cannotLead: i === 0 ? '' : 'a drain' })),
      }),
    }),
  },
  'a cluster that somebody has left paused': {
    alerts: ['HeadwaterClusterPaused'],
    status: () => ({ cluster: clusterOf({ paused: true }) }),
  },
  'damaged data': { alerts: ['HeadwaterDamage'], status: () => ({ damage: 'a table' }) },
  'lost writes': { alerts: ['HeadwaterLostWrites'], status: () => ({ lostWrites: 3 }) },
  'a superseded leader': { alerts: ['HeadwaterSuperseded'], status: () => ({ superseded: 'a later leader' }) },
  'a clock that jumped back': { alerts: ['HeadwaterClockJump'], status: () => ({ clockAheadMs: 6_000 }) },
  'a clock that is behind its upstream': { alerts: ['HeadwaterClockJump'], status: () => ({ clockAheadMs: -6_000 }) },
  'a certificate that ends soon': {
    alerts: ['HeadwaterCertificateEnds'],
    facts: () => ({ certificates: [{ name: 'cert', notAfterMs: 13 * 86_400_000 }] }),
  },
  'a slow event loop': {
    alerts: ['HeadwaterEventLoopSlow'],
    facts: (_, minute) => ({ eventLoopSeconds: delays(50, minute) }),
  },
};

/** The facts of a node that nothing is wrong with, apart from the scenario. */
function factsOf({ role = 'leader', status, facts }: Scenario, minute: number): MetricFacts {
  const busy = busyFacts();
  const calm = role === 'leader' ? calmLeader() : calmFollower(1);
  const counters = {
    clockAheadMs: 0,
    writeWaitMs: 0,
    expiryLateMs: 0,
    resyncReasons: [],
    knownFollowers: [],
    diskFreeBytes: 10_000,
    minFreeBytes: 256,
  };
  const ordinary = { ...busy.status, ...calm, ...counters };
  const all: MetricFacts = {
    ...busy,
    status: { ...ordinary, ...status?.(ordinary, minute) },
    eventLoopSeconds: delays(1_000, minute),
    certificates: [{ name: 'cert', notAfterMs: 90 * 86_400_000 }],
    archiveLackingSinceMs: undefined,
    nowMs: minute * 60_000,
  };
  return { ...all, ...facts?.(all, minute) };
}

/** The series of a scenario, each with its values by the minute, as promtool takes them. */
async function seriesOf(scenario: Scenario): Promise<Array<{ series: string; values: string }>> {
  const registry = new MetricsRegistry(METRICS);
  const values = new Map<string, string[]>();
  for (let minute = 0; minute <= MINUTES; minute++)
    for (const line of (await registry.text(factsOf(scenario, minute))).split('\n')) {
      const [, name, labels = '', value = ''] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      if (name === undefined) continue;
      const series = `${name}{job="headwater",instance="db1:7421"${labels && `,${labels}`}}`;
      const row = values.get(series) ?? Array.from({ length: minute }, () => '_');
      values.set(series, [...row, value.replace('+Inf', 'Inf')]);
    }
  const up = { series: 'up{job="headwater",instance="db1:7421"}', values: `${scenario.up ?? 1}x${MINUTES}` };
  return [up, ...Array.from(values, ([series, row]) => ({ series, values: row.join(' ') }))];
}

async function testOf([name, scenario]: [string, Scenario]): Promise<object> {
  return {
    name,
    interval: '1m',
    input_series: await seriesOf(scenario),
    promql_expr_test: [
      {
        expr: 'count by (alertname) (ALERTS{alertstate="firing"})',
        eval_time: '20m',
        exp_samples: scenario.alerts.map((alertname) => ({ labels: `{alertname="${alertname}"}`, value: 1 })),
      },
    ],
  };
}

describe('the files for Prometheus and Grafana', function () {
  this.timeout(120_000);
  let folder: string;

  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'headwater-alerts-'));
  });

  after(() => rmSync(folder, { recursive: true }));

  /** What promtool says to a file of these contents, and whether it is content. */
  function promtool(words: readonly string[], contents: unknown): { readonly isGood: boolean; readonly said: string } {
    const file = path.join(folder, 'file.yml');
    writeFileSync(file, typeof contents === 'string' ? contents : JSON.stringify(contents));
    const { status, stdout, stderr } = spawnSync('promtool', [...words, file], { encoding: 'utf8' });
    return { isGood: status === 0, said: `${stdout}${stderr}` };
  }

  it('name metrics and labels that a node has, and no others', () => {
    const expressions = [
      ...RULES.map(({ expr }) => expr),
      ...PANELS.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
    ];
    assert(expressions.length > 60, `${expressions.length} expressions`);
    assert.deepEqual(expressions.flatMap(unknownIn), []);
    assert.deepEqual(unknownIn('rate(headwater_log_site_bytes{job="x"}[5m])'), ['headwater_log_site_bytes']);
    assert.deepEqual(unknownIn('headwater_role{rule="leader"} and process_cpu'), [
      'headwater_role{rule}',
      'process_cpu',
    ]);
  });

  it('say of each alert what has happened, how bad that is, and a command', () => {
    for (const { alert, labels, annotations } of RULES) {
      assert.match(alert, /^Headwater[A-Z]\w+$/);
      assert(['page', 'ticket'].includes(labels.severity), alert);
      for (const name of ['summary', 'description', 'command'])
        assert((annotations[name] ?? '') !== '', `${alert}: ${name}`);
    }
    assert.equal(new Set(RULES.map(({ alert }) => alert)).size, RULES.length);
  });

  it('have panels beside each other, each with a number and a title', () => {
    assert.equal(new Set(PANELS.map(({ id }) => id)).size, PANELS.length);
    const taken = new Set<string>();
    for (const { title, gridPos } of PANELS) {
      assert(title !== '' && gridPos.x + gridPos.w <= 24, title);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          assert(!taken.has(`${x} ${y}`), `${title} covers another panel`);
          taken.add(`${x} ${y}`);
        }
    }
  });

  it('have expressions that Prometheus takes', function () {
    skipUnless(this, isInstalled('promtool', '--version'), 'promtool');
    const rules = PANELS.flatMap(({ targets = [] }) => targets).map(({ expr }, at) => ({
      record: `panel:${at}`,
      expr: expr.replaceAll('$__rate_interval', '1m').replaceAll(/\$(job|instance)/g, '.*'),
    }));
    const { isGood, said } = promtool(['check', 'rules'], { groups: [{ name: 'panels', rules }] });
    assert(isGood, said);
    const alerts = promtool(['check', 'rules'], readFileSync(ALERTS, 'utf8'));
    assert(alerts.isGood, alerts.said);
  });

  it('fire each alert in a scenario made for it, and no other alert', async function () {
    skipUnless(this, isInstalled('promtool', '--version'), 'promtool');
    const tests = await Promise.all(Object.entries(SCENARIOS).map(testOf));
    const file = { rule_files: [path.resolve(ALERTS)], evaluation_interval: '1m', tests };
    const { isGood, said } = promtool(['test', 'rules'], file);
    assert(isGood, said);
    const tried = new Set(Object.values(SCENARIOS).flatMap(({ alerts }) => alerts));
    assert.deepEqual(
      RULES.map(({ alert }) => alert).filter((alert) => !tried.has(alert)),
      [],
    );
    const blind = { ...file, rule_files: [path.join(folder, 'none.yml')] };
    writeFileSync(blind.rule_files[0] as string, JSON.stringify({ groups: [] }));
    assert.equal(promtool(['test', 'rules'], blind).isGood, false);
  });
});
