/** `headwater cert create`: files with which a node and its clients trust each other, and no file that is lost. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { Cluster, type Daemon } from '../support/cluster.js';
import { removeTemporaryDirectories, temporaryDirectory } from '../support/database.js';
import { headwater } from './command-line.js';

describe('cert create', () => {
  let directory: string;
  beforeEach(async () => {
    directory = path.join(await temporaryDirectory(), 'certs');
  });
  after(removeTemporaryDirectories);

  const at = (file: string) => path.join(directory, file);
  const create = (...words: string[]) => headwater(['cert', 'create', directory, ...words]);
  const certificate = (file: string) => new X509Certificate(readFileSync(at(file)));

  async function created(...words: string[]): Promise<string> {
    const { status, stdout, stderr } = await create(...words);
    assert.equal(status, 0, stderr);
    return stdout.toString();
  }

  async function refused(status: number, words: RegExp, ...given: string[]): Promise<void> {
    const outcome = await create(...given);
    assert.equal(outcome.status, status, outcome.stderr);
    assert.match(outcome.stderr, words);
  }

  it('makes a CA, a node and a client, and prints the commands that use them', async () => {
    const stdout = await created('--days', '30');
    const ca = certificate('ca.pem');
    assert(ca.ca);
    for (const name of ['node', 'client']) {
      assert(certificate(`${name}.pem`).verify(ca.publicKey), name);
      assert.equal(statSync(at(`${name}-key.pem`)).mode & 0o777, 0o600);
      assert(stdout.includes(at(`${name}-key.pem`)), stdout);
    }
    assert.match(certificate('node.pem').subjectAltName ?? '', /DNS:localhost, .*IP Address:127\.0\.0\.1/);
    const days = (Date.parse(certificate('client.pem').validTo) - Date.now()) / 86_400_000;
    assert(days > 29.9 && days <= 30, `${days} days`);
    await using cluster = new Cluster();
    const daemon: Daemon = await cluster.node('node');
    const [flags] = /(?<=headwater serve ).*/.exec(stdout) ?? [''];
    await daemon.start(...flags.split(' '));
    const words = /(?<=export ).*/.exec(stdout)?.[0].split(' ') ?? [];
    const env = Object.fromEntries(words.map((word) => word.split('=') as [string, string]));
    const asked = await headwater(['--connect', `headwaters://${daemon.address}`, 'ping'], { env });
    assert.equal(asked.stdout.toString().trim(), 'PONG', asked.stderr);
    const { HEADWATER_TLS_CA = '' } = env;
    const bare = await headwater(['--connect', daemon.address, 'ping'], { env: { HEADWATER_TLS_CA } });
    assert.match(bare.stderr, /this client has shown none\. Use --tls-cert and --tls-key\n$/);
  });

  it('is the same in capitals', async () => {
    const { status, stderr } = await headwater(['CERT', 'create', directory, '--hosts', '*.example']);
    assert.equal(status, 0, stderr);
    assert.equal(certificate('node.pem').subjectAltName, 'DNS:*.example');
  });

  it('makes further certificates of the same CA, and never replaces one by accident', async () => {
    await created();
    const before = readFileSync(at('node.pem'), 'utf8');
    await refused(2, /node\.pem exists: expected a new name in --node or --client, or --force/);
    assert.equal(readFileSync(at('node.pem'), 'utf8'), before);
    await created('--node', 'second', '--hosts', 'db-2.example,[2001:db8::2]');
    const second = certificate('second.pem');
    assert.match(second.subjectAltName ?? '', /^DNS:db-2\.example, IP Address:2001:DB8:0:0:0:0:0:2$/i);
    assert(second.verify(certificate('ca.pem').publicKey));
    await created('--node', 'node', '--force');
    assert.notEqual(readFileSync(at('node.pem'), 'utf8'), before);
    assert(certificate('node.pem').verify(certificate('ca.pem').publicKey), 'the CA is the same');
  });

  it('refuses names that are no files, and options that contradict each other', async () => {
    await refused(2, /--node: expected a name of letters, .*received "\.\.\/x"/, '--node', '../x');
    await refused(2, /--client: expected a name .* other than ca, received "ca"/, '--client', 'ca');
    await refused(2, /expected two names in --node and --client, received x twice/, '--node', 'x', '--client', 'x');
    await refused(2, /expected --node beside --hosts/, '--client', 'x', '--hosts', 'a');
    await refused(2, /--days: expected 1 or more, received 0/, '--days', '0');
    await refused(2, /--hosts: expected host names and IP addresses, received "b c"/, '--hosts', 'a,b c');
    directory = path.join(directory, 'nothing', 'there');
    await refused(2, /nothing\/there: no such file or directory/);
  });
});
