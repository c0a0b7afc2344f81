/** A scrape, read as Prometheus reads it: the types of metrics, and the values of series. */
import assert from 'node:assert/strict';

export class Scrape {
  readonly text: string;
  readonly types = new Map<string, string>();
  readonly #series = new Map<string, number>();

  constructor(text: string) {
    this.text = text;
    assert(text.endsWith('\n'), 'expected a last line that ends');
    for (const line of text.split('\n').filter((one) => one !== '')) this.#read(line);
  }

  static async of(address: string): Promise<Scrape> {
    const answer = await fetch(`http://${address}/metrics`);
    const text = await answer.text();
    assert.equal(answer.status, 200, text);
    assert.equal(answer.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
    return new Scrape(text);
  }

  /** The value of the series whose name and labels this is, as they stand in the text. Undefined if there is none. */
  value(series: string): number | undefined {
    return this.#series.get(series);
  }

  /** The sum over all series that begin so. */
  sum(beginning: string): number {
    return [...this.#series].reduce((sum, [series, value]) => (series.startsWith(beginning) ? sum + value : sum), 0);
  }

  get series(): string[] {
    return [...this.#series.keys()];
  }

  #read(line: string): void {
    const type = /^# TYPE (\S+) (gauge|counter|histogram)$/.exec(line);
    if (type) this.types.set(type[1] as string, type[2] as string);
    if (line.startsWith('#')) return;
    const [, series, value] = /^([a-z_]+(?:\{(?:[a-z_]+="(?:[^"\\]|\\.)*",?)+\})?) (\S+)$/.exec(line) ?? [];
    assert(series !== undefined && value !== undefined, `not a line of Prometheus: ${line}`);
    assert(!this.#series.has(series), `the series ${series} comes twice`);
    const number = value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value);
    assert(!Number.isNaN(number), `no number: ${line}`);
    this.#series.set(series, number);
  }
}
