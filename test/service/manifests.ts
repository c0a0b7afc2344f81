/** The files of `.service`, as the tests read them: YAML, and what the types of Kubernetes say of it. */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parse, parseAllDocuments } from 'yaml';

const ROOT = path.join(import.meta.dirname, '../..');

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

/** The file, in which anchors are merged. */
export function yamlOf(file: string): unknown {
  return parse(readFileSync(path.join(ROOT, file), 'utf8'), { merge: true });
}

export function manifestsOf(file: string): Manifest[] {
  const documents = parseAllDocuments(readFileSync(path.join(ROOT, file), 'utf8'));
  return documents.map((document) => {
    if (document.errors[0]) throw document.errors[0];
    return document.toJS() as Manifest;
  });
}

/**
 * Whatever the compiler finds wrong if each manifest is a literal of its type. Names that the type does not have are
 * mistakes too, and Kubernetes drops them without a word.
 */
export function mistakesIn(manifests: readonly Manifest[]): string {
  const lines = manifests.map(({ apiVersion, kind }, at) => [
    `import type { I${kind} as T${at} } from 'kubernetes-models/${apiVersion}';`,
    `export const m${at}: T${at} = ${JSON.stringify(manifests[at], undefined, 1)};`,
  ]);
  // The compiler finds the types from the folder of the file.
  const file = path.join(import.meta.dirname, `manifests-${process.pid}.generated.mts`);
  writeFileSync(file, lines.flat().join('\n'));
  try {
    const flags = [
      '--noEmit',
      '--strict',
      '--skipLibCheck',
      '--module',
      'nodenext',
      '--target',
      'es2023',
      '--ignoreConfig',
    ];
    execFileSync(process.execPath, [path.join(ROOT, 'node_modules/typescript/bin/tsc'), ...flags, file]);
    return '';
  } catch (error) {
    return String((error as { stdout: Buffer }).stdout);
  } finally {
    rmSync(file);
  }
}
