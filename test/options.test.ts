/** The rows of the options, held against all that is made from them: the configuration, `serve`, its help, bin/README.md. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import { exampleFile } from '../bin/config/example.js';
import { parseToml, tomlValue } from '../bin/config/toml-lines.js';
import { mistakesOf, serveOptions } from '../bin/config/values.js';
import { addServeOptions, SERVE_ROWS, shownDefault, shownNumber, wordOf } from '../bin/serve-options.js';
import { checkConfig, type NodeOptions } from '../src/config.js';
import { OPTIONS, type OptionName, type OptionRow, variableOf } from '../src/options.js';
import { removeTemporaryDirectories, temporaryDirectory } from './support/database.js';
import { setVariables } from './support/environment.js';
import { checkTable } from './support/readme-table.js';

const data = '/nowhere';
const rows = Object.entries(OPTIONS) as Array<[OptionName, OptionRow]>;

/** Options that a value of another needs beside it. */
const BESIDE: Partial<Record<OptionName, Partial<NodeOptions>>> = {
  overlayBytesMax: { replayBytesMax: 2 ** 20 },
  heartbeatIntervalMs: { linkTimeoutMs: 3_600_000 },
};

function parsed(args: readonly string[], env: Record<string, string> = {}) {
  const command = new Command('serve').exitOverride().configureOutput({ writeErr: () => {} });
  addServeOptions(command);
  command.action(() => {});
  command.parse(args, { from: 'user' });
  const restore = setVariables(env);
  try {
    return { command, ...serveOptions(command) };
  } finally {
    restore();
  }
}

describe('the options', () => {
  for (const [property, row] of rows) {
    if (row.kind !== 'size' && row.kind !== 'time' && row.kind !== 'count') continue;
    const check = (value: number) => checkConfig({ data, ...BESIDE[property], [property]: value })[property];

    it(`--${row.name}: a value below ${row.least} or above ${row.most} is refused`, () => {
      const refused = { code: 'invalid_argument', message: new RegExp(`^${row.name}: expected .*received`) };
      assert.throws(() => check(row.least - 1), refused);
      assert.throws(() => check(row.most + 1), refused);
      assert.throws(() => check(row.least + 0.5), refused);
      assert.equal(check(row.most), row.most);
      // The space that the other defaults need is the actual least of this one.
      if (property !== 'minFreeBytes') assert.equal(check(row.least), row.least);
    });
  }

  it('have defaults that pass their own check, with every option at its default', () => {
    const config = checkConfig({ data });
    for (const [property, row] of rows)
      assert.equal(config[property], property === 'data' ? data : row.default, row.name);
  });

  it('have names of their own, and an environment variable each', () => {
    const names = SERVE_ROWS.map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
    assert.equal(new Set(names.map(variableOf)).size, names.length);
    assert.equal(variableOf('max-key-bytes'), 'HEADWATER_MAX_KEY_BYTES');
  });
});

describe('serve', () => {
  after(removeTemporaryDirectories);

  const TEXTS = {
    path: '/here',
    address: 'db.example:1',
    size: '48MiB',
    time: '2s',
    count: '7',
    switch: 'true',
    text: 'eu-west-1',
  };
  const VALUES = {
    path: '/here',
    address: 'db.example:1',
    size: 48 * 2 ** 20,
    time: 2_000,
    count: 7,
    switch: true,
    text: 'eu-west-1',
  };
  /** A text that the bounds of every row of the kind allow, and its value. */
  function sample(row: OptionRow): [text: string, value: unknown] {
    if (row.kind === 'choice') return [row.choices[0] as string, row.choices[0]];
    if (row.kind === 'size' && row.most < VALUES.size) return ['2KiB', 2_048];
    if (row.name === 'cluster') return ['etcd://a:1,b:2/main', 'etcd://a:1,b:2/main'];
    if (row.name === 'kubernetes-server') return ['http://127.0.0.1:8001', 'http://127.0.0.1:8001'];
    if (row.name === 'cluster-ttl') return ['4s', 4_000];
    if (row.name === 's3-endpoint') return ['https://s3.example', 'https://s3.example'];
    if (row.name === 'min-free-space' || row.name === 'request-memory') return ['1GiB', 2 ** 30];
    return [TEXTS[row.kind], VALUES[row.kind]];
  }

  const TLS = ['--tls-cert', '/c', '--tls-key', '/k'];
  const CLUSTER = ['--cluster', 'etcd://a:1/main'];
  /** Options without which an option is refused. */
  const BESIDE: Readonly<Record<string, readonly string[]>> = {
    heartbeatIntervalMs: ['--link-timeout', '9s'],
    seedFrom: ['--follow', 'db.example:1'],
    acceptUnencrypted: ['--backup-key-file', '/key'],
    tlsCert: TLS.slice(2),
    tlsKey: TLS.slice(0, 2),
    tlsCa: TLS,
    tlsCrl: [...TLS, '--tls-ca', '/ca'],
    tlsClients: [...TLS, '--tls-ca', '/ca'],
    clusterAddress: CLUSTER,
    failsafe: CLUSTER,
    etcdCa: CLUSTER,
    etcdCert: [...CLUSTER, '--etcd-key', '/k'],
    etcdKey: [...CLUSTER, '--etcd-cert', '/c'],
    etcdCredentials: CLUSTER,
    kubernetesServer: ['--cluster', 'k8s://shop/main'],
  };

  for (const [property, row] of rows) {
    const [text, value] = sample(row);
    const beside = BESIDE[property] ?? [];

    it(`takes ${row.name} as a flag, from the environment and from a file`, async () => {
      const flags = row.kind === 'switch' ? [`--${row.name}`] : [`--${row.name}`, text];
      assert.equal(parsed([...beside, ...flags]).node[property], value);
      assert.equal(parsed(beside, { [variableOf(row.name)]: text }).node[property], value);
      const file = path.join(await temporaryDirectory(), 'headwater.toml');
      writeFileSync(file, `${row.name} = ${row.kind === 'switch' ? 'true' : tomlValue(text)}\n`);
      assert.equal(parsed([...beside, '--config', file]).node[property], value);
    });
  }

  it('has a switch off for those, and only those, that have a help for it', () => {
    for (const row of SERVE_ROWS) {
      const off = row.kind === 'switch' ? row.helpOff : undefined;
      assert.equal(parsed([]).command.helpInformation().includes(`--no-${row.name}`), off !== undefined, row.name);
    }
    assert.equal(parsed(['--no-serve-stale-reads']).node.serveStaleReads, false);
  });

  it('says the default of each option in a form that it accepts', () => {
    for (const [property, row] of rows) {
      const text = shownDefault(row);
      if (text === undefined || row.otherwise !== undefined) continue;
      assert.equal(
        parsed([`--${row.name}`, text]).node[property],
        property === 'data' ? path.resolve(text) : row.default,
      );
    }
  });

  it('has no other options, and those of the log on their own', () => {
    const { command, log } = parsed([]);
    const flags = new Set(command.options.filter(({ negate }) => !negate).map((option) => option.name()));
    assert.deepEqual([...flags].sort(), ['config', ...SERVE_ROWS.map(({ name }) => name)].sort());
    assert.deepEqual(log, { level: 'info', format: 'auto' });
    assert.deepEqual(parsed(['--log-level', 'debug', '--log-format', 'text']).log, { level: 'debug', format: 'text' });
  });
});

describe('the example of a config file', () => {
  const read = (text: string) => ({ file: 'x.toml', format: 'toml' as const, text, entries: parseToml(text) });

  it('sets nothing', () => assert.deepEqual(parseToml(exampleFile()), []));

  it('has every option in a line that a config file may have, with the default if there is one', () => {
    const { entries } = read(exampleFile().replaceAll(/^#(?=[a-z0-9-]+ = )/gm, ''));
    assert.deepEqual(
      entries.map(({ name }) => name),
      SERVE_ROWS.map(({ name }) => name),
    );
    // A node follows another node or an archive, or has a cluster that decides.
    const upstreams = [/^follow$|^seed-from$/, /^follow-archive$/, /^cluster$|^cluster-address$|^etcd-/];
    // The example of --cluster is one in etcd.
    const inEtcd = entries.filter(({ name }) => name !== 'kubernetes-server');
    for (const own of upstreams.filter((one) => !one.test('follow-archive'))) {
      const isOther = ({ name }: { readonly name: string }) =>
        !own.test(name) && upstreams.some((one) => one.test(name));
      const together = inEtcd.filter((entry) => !isOther(entry));
      assert.deepEqual(mistakesOf({ ...read(''), entries: together }), []);
    }
    for (const [at, row] of SERVE_ROWS.entries()) {
      if (row.default === undefined) assert.notEqual(row.example, undefined, `${row.name} needs an example`);
      else if (typeof row.default !== 'number') assert.equal(entries[at]?.value, row.default);
      else assert.equal(entries[at]?.value, row.kind === 'count' ? row.default : shownNumber(row.kind, row.default));
    }
  });
});

describe('the names of options in other stores', () => {
  it('are no names of options, and mean one option each', () => {
    const foreign = SERVE_ROWS.flatMap(({ elsewhere = [] }) => elsewhere);
    assert.equal(new Set(foreign).size, foreign.length);
    for (const name of foreign) assert(!SERVE_ROWS.some((row) => row.name === name), name);
  });
});

function flagsOf(row: OptionRow): string {
  if (row.kind !== 'switch') return `\`--${row.name} ${wordOf(row)}\``;
  return row.helpOff === undefined ? `\`--${row.name}\`` : `\`--[no-]${row.name}\``;
}

function defaultOf(row: OptionRow): string {
  if (row.kind === 'switch' && row.otherwise === undefined) return row.default === true ? 'on' : 'off';
  const text = shownDefault(row) ?? '';
  return row.otherwise === undefined ? `\`${text}\`` : text;
}

function boundsOf(row: OptionRow): string {
  if (!('least' in row)) return '';
  const most = row.most === Number.MAX_SAFE_INTEGER ? '' : shownNumber(row.kind, row.most);
  // The command line takes no time of zero.
  const least = row.kind === 'time' && row.least === 0 ? '' : shownNumber(row.kind, row.least);
  return `${least} – ${most}`.trim();
}

describe('the page of the command line', () => {
  it('has the table of the options', () => {
    const changes = (row: OptionRow) => (row.live ? 'at run time' : 'restart');
    const rows = SERVE_ROWS.map((row) => [flagsOf(row), defaultOf(row), boundsOf(row), changes(row), row.help]);
    checkTable([['option', 'default', 'from – to', 'changes', 'meaning'], ...rows]);
  });
});
