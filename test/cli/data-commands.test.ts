/** The commands on keys, each as a person or a program calls it. */
import assert from 'node:assert/strict';
import { endAll, headwater, type Outcome, Served, temporaryDirectory } from './command-line.js';

/** One call: what is typed, then its exit status and what stdout, exactly, and stderr say. */
interface Step {
  readonly type: readonly string[];
  readonly status?: number;
  readonly stdout?: string | RegExp;
  readonly stderr?: RegExp;
}

interface Scenario {
  readonly does: string;
  readonly steps: readonly Step[];
}

const SCENARIOS: readonly Scenario[] = [
  {
    does: 'sets and gets, without a newline that the value does not have',
    steps: [
      { type: ['set', 'greeting', 'hello'], stdout: 'OK\n' },
      { type: ['get', 'greeting'], stdout: 'hello' },
      { type: ['get', 'greeting', '--json'], stdout: '{"key":"greeting","value":"hello"}\n' },
      { type: ['--json', 'set', 'greeting', 'hi'], stdout: '{"key":"greeting","applied":true}\n' },
    ],
  },
  {
    does: 'takes the empty key, the empty value and text beyond ASCII',
    steps: [
      { type: ['set', '', ''], stdout: 'OK\n' },
      { type: ['get', ''], stdout: '' },
      { type: ['set', 'grün', 'Ärger 🐟'], stdout: 'OK\n' },
      { type: ['get', 'grün'], stdout: 'Ärger 🐟' },
    ],
  },
  {
    does: 'takes values that look like options after --',
    steps: [
      { type: ['set', '--', 'dash', '--json'], stdout: 'OK\n' },
      { type: ['get', 'dash'], stdout: '--json' },
    ],
  },
  {
    does: 'answers a missing key with status 1',
    steps: [
      { type: ['get', 'none'], status: 1, stdout: '', stderr: /^headwater: no such key "none"\n$/ },
      { type: ['get', 'none', '--json'], status: 1, stdout: '{"key":"none","value":null}\n', stderr: /^$/ },
      { type: ['ttl', 'none'], status: 1, stdout: '', stderr: /no such key "none"/ },
      { type: ['expire', 'none', '10s'], status: 1, stdout: '', stderr: /no such key "none"/ },
      { type: ['persist', 'none'], status: 1, stderr: /no such key/ },
      { type: ['rename', 'none', 'other'], status: 1, stderr: /"none"/ },
      { type: ['type', 'none'], status: 1, stdout: 'none\n' },
      { type: ['del', 'none'], status: 1, stdout: '0\n' },
      { type: ['exists', 'none'], status: 1, stdout: '0\n' },
    ],
  },
  {
    does: 'sets on a condition',
    steps: [
      { type: ['set', 'nx', '1', '--if-present'], status: 1, stdout: '', stderr: /not set: "nx" does not exist/ },
      { type: ['set', 'nx', '1', '--if-absent'], stdout: 'OK\n' },
      { type: ['set', 'nx', '2', '--if-absent'], status: 1, stderr: /not set: "nx" exists/ },
      {
        type: ['set', 'nx', '3', '--if-absent', '--json'],
        status: 1,
        stdout: '{"key":"nx","applied":false}\n',
        stderr: /^$/,
      },
      { type: ['set', 'nx', '4', '--if-present'], stdout: 'OK\n' },
      { type: ['get', 'nx'], stdout: '4' },
    ],
  },
  {
    does: 'counts keys that it deletes and finds',
    steps: [
      { type: ['set', 'c1', ''] },
      { type: ['set', 'c2', ''] },
      { type: ['exists', 'c1', 'c2', 'none', 'c1'], stdout: '3\n' },
      { type: ['exists', 'c1', '--json'], stdout: '{"existing":1}\n' },
      { type: ['del', 'c1', 'none', 'c2'], stdout: '2\n' },
      { type: ['del', 'c1', '--json'], status: 1, stdout: '{"deleted":0}\n' },
    ],
  },
  {
    does: 'counts up and down, to the last of 64 bits',
    steps: [
      { type: ['incr', 'n'], stdout: '1\n' },
      { type: ['incr', 'n', '41'], stdout: '42\n' },
      { type: ['incr', 'n', '-2'], stdout: '40\n' },
      { type: ['incr', 'big', '9223372036854775806', '--json'], stdout: '{"key":"big","value":9223372036854775806}\n' },
      { type: ['incr', 'big', '2'], status: 3, stderr: /9223372036854775806|overflow|range/ },
      { type: ['incrbyfloat', 'f', '0.5'], stdout: '0.5\n' },
      { type: ['incrbyfloat', 'f', '-1', '--json'], stdout: '{"key":"f","value":"-0.5"}\n' },
      { type: ['incrbyfloat', 'long', '12345678901234567.5'], stdout: '12345678901234567.5\n' },
    ],
  },
  {
    does: 'lets keys expire, and not',
    steps: [
      { type: ['set', 't', '1', '--ttl', '1h'], stdout: 'OK\n' },
      { type: ['ttl', 't'], stdout: /^(3600|35\d\d)\n$/ },
      { type: ['expire', 't', '1000'], stdout: 'OK\n' },
      { type: ['ttl', 't'], stdout: /^(1000|9\d\d)\n$/ },
      {
        type: ['ttl', 't', '--json'],
        stdout: /^\{"key":"t","exists":true,"ttl_ms":(1000000|9\d{5}),"expires_at_ms":\d{13}\}\n$/,
      },
      { type: ['persist', 't'], stdout: 'OK\n' },
      { type: ['persist', 't'], status: 1, stderr: /never expires/ },
      { type: ['ttl', 't'], stdout: '-1\n' },
      { type: ['ttl', 't', '--json'], stdout: '{"key":"t","exists":true,"ttl_ms":null,"expires_at_ms":null}\n' },
      {
        type: ['ttl', 'none', '--json'],
        status: 1,
        stdout: '{"key":"none","exists":false,"ttl_ms":null,"expires_at_ms":null}\n',
      },
    ],
  },
  {
    does: 'renames, and tells types',
    steps: [
      { type: ['set', 'r1', 'one'] },
      { type: ['set', 'r2', 'two'] },
      { type: ['rename', 'r1', 'r2', '--if-absent'], status: 1, stderr: /not renamed: "r2" exists/ },
      { type: ['rename', 'r1', 'r2'], stdout: 'OK\n' },
      { type: ['get', 'r2'], stdout: 'one' },
      { type: ['type', 'r2'], stdout: 'string\n' },
      { type: ['type', 'r2', '--json'], stdout: '{"key":"r2","type":"string"}\n' },
    ],
  },
];

const WHOLE: Scenario = {
  does: 'lists, scans, counts and empties the whole keyspace',
  steps: [
    { type: ['flushall'], stdout: 'OK\n' },
    { type: ['dbsize'], stdout: '0\n' },
    { type: ['randomkey'], status: 1, stderr: /there are no keys/ },
    { type: ['randomkey', '--json'], status: 1, stdout: '{"key":null}\n' },
    { type: ['set', 'single', 'a'] },
    { type: ['randomkey'], stdout: 'single\n' },
    { type: ['randomkey', '--json'], stdout: '{"key":"single"}\n' },
    { type: ['del', 'single'] },
    { type: ['keys', '*'], stdout: '' },
    { type: ['set', 'user:2', 'b'] },
    { type: ['set', 'user:1', 'a'] },
    { type: ['set', 'other', 'c'] },
    { type: ['dbsize', '--json'], stdout: '{"keys":3}\n' },
    { type: ['keys', '*'], stdout: 'other\nuser:1\nuser:2\n' },
    { type: ['keys', 'user:?'], stdout: 'user:1\nuser:2\n' },
    { type: ['keys', 'user:[2-9]', '--json'], stdout: '{"key":"user:2"}\n' },
    { type: ['scan'], stdout: 'other\tc\nuser:1\ta\nuser:2\tb\n' },
    { type: ['scan', '--match', 'u*', '--keys-only'], stdout: 'user:1\nuser:2\n' },
    { type: ['scan', '--start', 'p', '--end', 'user:2'], stdout: 'user:1\ta\n' },
    { type: ['scan', '--reverse', '--limit', '2'], stdout: 'user:2\tb\nuser:1\ta\n' },
    { type: ['keys', '*', '--limit', '1', '--start', 'user:1'], stdout: 'user:1\n' },
    { type: ['keys', 'user:*', '--reverse', '--end', 'user:2', '--json'], stdout: '{"key":"user:1"}\n' },
    { type: ['keys', '*', '--limit', '0'], status: 2, stderr: /Expected a whole number from 1 on, received "0"/ },
    {
      type: ['scan', '--match', 'o*', '--json'],
      stdout: /^\{"key":"other","value":"c","type":"string","expires_at_ms":null,"version":\d+\}\n$/,
    },
    { type: ['ping'], stdout: 'PONG\n' },
    { type: ['flushall', '--json'], stdout: '{"applied":true}\n' },
    { type: ['keys', '*', '--json'], stdout: '' },
  ],
};

function check(step: Step, outcome: Outcome): void {
  const typed = `headwater ${step.type.join(' ')}`;
  const { status = 0, stdout, stderr = status === 0 ? /^$/ : undefined } = step;
  assert.equal(outcome.status, status, `status of ${typed}: ${outcome.stderr}`);
  // Where an answer is differs from run to run: the last field of every result of --json.
  const said = outcome.stdout.toString().replace(/,"position":"[0-9a-f]{40}:\d+:[0-9a-f]{8}"\}/g, '}');
  if (stdout instanceof RegExp) assert.match(said, stdout, typed);
  else if (stdout !== undefined) assert.equal(said, stdout, typed);
  if (stderr) assert.match(outcome.stderr, stderr, typed);
}

describe('the commands on keys', function () {
  this.timeout(60_000);
  let node: Served;

  before(async () => {
    node = await Served.start(['--data', temporaryDirectory(), '--listen', '127.0.0.1:0']);
  });
  after(endAll);

  async function play({ steps }: Scenario): Promise<void> {
    for (const step of steps) check(step, await node.run(step.type));
  }

  for (const scenario of SCENARIOS) it(scenario.does, () => play(scenario));
  it(WHOLE.does, () => play(WHOLE));

  it('finds its node through HEADWATER_CONNECT, and the first of several that answers', async () => {
    const env = { HEADWATER_CONNECT: `127.0.0.1:1,${node.address}` };
    check({ type: ['ping'], stdout: 'PONG\n' }, await headwater(['ping'], { env }));
  });
});
