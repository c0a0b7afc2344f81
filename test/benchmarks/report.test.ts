/** The statistics of benchmarks and the forms of their reports. */
import assert from 'node:assert/strict';
import { median, percentile, ratios, summaryOf } from '../../benchmarks/measure/statistics.js';
import { reportText } from '../../benchmarks/report/markdown.js';
import { shown } from '../../benchmarks/report/numbers.js';
import { type Report, rowsOf } from '../../benchmarks/report/report.js';
import { svgOf } from '../../benchmarks/report/svg.js';

const FIGURE = { figure: 'SET <1>', unit: 'SETs/s', better: 'more' } as const;

function reportOf(change: Partial<Report>): Report {
  return { name: 'write', sentence: 'How fast?', options: { rounds: 2 }, seconds: 3, rows: [], notes: [], ...change };
}

describe('reports of benchmarks', () => {
  it('have medians, extremes and percentiles', () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 2, 3]), 2.5);
    assert.equal(percentile([1, 2, 3, 4], 1), 4);
    assert.equal(percentile([4, 3, 2, 1], 0.5), 3);
    const { min, max } = summaryOf([30, 10, 20]);
    assert.deepEqual([min, max], [10, 30]);
  });

  it('have ratios round by round, not of the medians', () => {
    assert.deepEqual(ratios([10, 40], [10, 10]), [1, 4]);
    const [row] = rowsOf(FIGURE, [10, 40, 90], [{ name: 'Redis', values: [10, 10, 30] }]);
    assert.equal(row?.ratio?.median, 3);
  });

  it('have a row for each peer, and one where there is none', () => {
    const peers = ['ioredis', 'node-redis'].map((name) => ({ name, values: [1] }));
    assert.deepEqual(
      rowsOf(FIGURE, [1], peers).map(({ peer }) => peer?.name),
      ['ioredis', 'node-redis'],
    );
    assert.equal(rowsOf(FIGURE, [1], [{ name: 'Redis', values: [] }])[0]?.peer, undefined);
  });

  it('show three digits', () => {
    assert.deepEqual([252_437, 12.345, 0.01234, 0, Number.NaN].map(shown), ['252,000', '12.3', '0.012', '0', '–']);
  });

  it('show what is missing and what failed as Markdown, without empty columns', () => {
    const rows = rowsOf(FIGURE, [1, 3]);
    const text = reportText(reportOf({ rows, notes: ['etcd is not installed.'], failure: 'no disk' }));
    assert.match(text, /^## write: How fast\?\n\nrounds 2; took 3 s\n/);
    assert.match(text, /\| SET <1> \| SETs\/s ↑ \| 2 {4}\| 1–3 {4}\|/);
    assert.match(text, /- etcd is not installed\.\n\n\*\*Failed\*\*: no disk/);
    assert.doesNotMatch(text, /peer/);
  });

  it('are drawn with all bars inside, and with safe text', () => {
    const rows = rowsOf(
      { ...FIGURE, floor: { name: 'LevelDB', value: 1e9 } },
      [5, 10],
      [{ name: 'Redis', values: [20, 20] }],
    );
    const svg = svgOf(reportOf({ rows }));
    assert.match(svg, /SET &#60;1&#62;/);
    const widths = [...svg.matchAll(/width="(\d+\.\d)"/g)].map(([, width]) => Number(width));
    assert.deepEqual(widths, [165, 440]);
  });
});
