/**
 * Prints a software bill of materials of the package, as CycloneDX: `npm sbom` of what an install brings, and the
 * packages that the build puts into the files of the package. npm knows those as development packages alone.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

const sbom = (...flags) =>
  JSON.parse(
    execFileSync('npm', ['sbom', '--sbom-format=cyclonedx', '--sbom-type=application', ...flags], {
      maxBuffer: 64 * 1024 * 1024,
    }),
  );

/** The packages inside of the package, as NAME@VERSION. */
function bundled() {
  const licences = readFileSync('dist/bin/LICENSES.txt', 'utf8').matchAll(/^(@?[\w./-]+) (\d\S*) \([^()]+\)$/gm);
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')).packages;
  const runtime = readdirSync('dist/src/protobuf').flatMap((file) => /^runtime\.LICENSE\.(.+)$/.exec(file)?.[1] ?? []);
  return new Set([
    ...Array.from(licences, ([, name, version]) => `${name}@${version}`),
    ...runtime.map((name) => `${name}@${lock[`node_modules/${name}`].version}`),
  ]);
}

const bom = sbom('--omit=dev');
// A package that lies in node_modules and in no lock file, left by another branch, is not part of a release.
bom.components = bom.components.filter(
  ({ properties }) => !properties.some(({ name }) => name === 'cdx:npm:package:extraneous'),
);
const all = sbom();
const names = bundled();
const known = new Set(bom.components.map((component) => component['bom-ref']));
const added = all.components.filter(({ name, version }) => names.has(`${name}@${version}`));
for (const component of added) if (!known.has(component['bom-ref'])) bom.components.push(inside(component));
const refs = new Set([bom.metadata.component['bom-ref'], ...bom.components.map((component) => component['bom-ref'])]);
bom.dependencies = all.dependencies
  .filter(({ ref }) => refs.has(ref))
  .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((one) => refs.has(one)) }));
// npm takes the name of the folder.
bom.metadata.component.name = 'headwater';
process.stdout.write(`${JSON.stringify(bom, undefined, 2)}\n`);

/** A user of the package gets the component, so it is none for development. */
function inside(component) {
  const properties = component.properties.filter(({ name }) => name !== 'cdx:npm:package:development');
  return {
    ...component,
    scope: 'required',
    properties: [...properties, { name: 'cdx:npm:package:bundled', value: 'true' }],
  };
}
