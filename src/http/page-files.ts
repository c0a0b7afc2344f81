/**
 * The files of the status page. The list is fixed, so nothing from the network reaches a path on the disk. They are read
 * when somebody first looks, and kept. The folder `page/` has the page as it is sent: nothing builds it.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { packageFile } from '../base/package-root.js';
import type { Answer } from './answer.js';

/** The page runs its own files, asks its own node, and does nothing else. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const OWN = [
  'page.css',
  'icon.svg',
  'page.js',
  'connection.js',
  'dom.js',
  'figures.js',
  'tree.js',
  'cards.js',
  'warnings.js',
  'resyncs.js',
  'charts.js',
  'series.js',
];

/** The charts are drawn by uPlot (MIT), whose files are sent as its package has them. */
const UPLOT = ['uPlot.iife.min.js', 'uPlot.min.css'];

/** The page and its files, by their paths. */
export function pageFiles(): Map<string, () => Promise<Answer>> {
  return new Map([
    ['/', kept('index.html', () => ownFile('index.html'))],
    ...OWN.map((name) => [`/page/${name}`, kept(name, () => ownFile(name))] as const),
    ...UPLOT.map((name) => [`/page/${name}`, kept(name, () => uplotFile(name))] as const),
  ]);
}

function ownFile(name: string): string {
  return packageFile(path.join('src/http/page', name));
}

function uplotFile(name: string): string {
  return createRequire(import.meta.url).resolve(`uplot/dist/${name}`);
}

/** An answer that is read at the first request. A read that fails is tried again by the next one. */
function kept(name: string, file: () => string): () => Promise<Answer> {
  let answer: Answer | undefined;
  return async () => {
    answer ??= {
      status: 200,
      type: TYPES[path.extname(name)] ?? 'application/octet-stream',
      body: await readFile(file(), 'utf8'),
      ...(name === 'index.html' ? { headers: { 'Content-Security-Policy': PAGE_POLICY } } : {}),
    };
    return answer;
  };
}
