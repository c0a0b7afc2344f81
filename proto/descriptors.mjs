/**
 * Makes proto/headwater.binpb, a descriptor set of everything that a node serves: tools call a node by it, and a node
 * answers reflection with it. `npm run generate` runs this program.
 *
 * buf compiles the files exactly, as protoc does. protobufjs would merge them into one and lose the packages of types. If
 * buf does not run on this machine, the build goes on without the set.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

const BUF = 'node_modules/@bufbuild/buf/bin/buf';
const FOLDERS = ['proto', 'node_modules/grpc-health-check/proto'];

try {
  // The bytes of two sets, one behind the other, are the set of all files.
  writeFileSync('proto/headwater.binpb', Buffer.concat(FOLDERS.map(setOf)));
} catch (error) {
  console.error(`proto/headwater.binpb is not made, since buf does not run on this machine: ${firstLine(error)}`);
}

function setOf(folder) {
  return execFileSync(process.execPath, [BUF, 'build', folder, '--exclude-source-info', '--output', '-#format=binpb'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 * 1024 * 1024,
  });
}

function firstLine({ stderr, message }) {
  return (/^\S*Error.*$/m.exec(String(stderr))?.[0] ?? message).slice(0, 300);
}
