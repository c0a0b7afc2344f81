/** Asks questions one after the other, and shows and writes the reports. One that fails does not stop the others. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Choice, Outputs } from './command-line.js';
import { machineOf } from './report/machine.js';
import { machineText, reportText } from './report/markdown.js';
import { endProgress, showProgress } from './report/progress.js';
import type { Report, Row, SuiteReport } from './report/report.js';
import { svgOf } from './report/svg.js';

/** @returns the reports; the files are written after each, so that a suite that is ended early has left some. */
export async function askAll(choices: readonly Choice[], { json, plot }: Outputs): Promise<SuiteReport> {
  const machine = machineOf();
  console.log(machineText(machine));
  if (plot !== undefined) mkdirSync(plot, { recursive: true });
  const questions: Report[] = [];
  for (const choice of choices) {
    const report = await ask(choice);
    console.log(`\n${reportText(report)}`);
    questions.push(report);
    if (json !== undefined) writeFileSync(json, `${JSON.stringify({ machine, questions }, undefined, 2)}\n`);
    if (plot !== undefined) writeFileSync(path.join(plot, `${report.name}.svg`), svgOf(report));
  }
  return { machine, questions };
}

async function ask({ question, options }: Choice): Promise<Report> {
  const { name, sentence } = question;
  const notes: string[] = [];
  const began = performance.now();
  const rows: Row[] = [];
  let failure: string | undefined;
  try {
    await question.measure(options as never, {
      progress: (text) => showProgress(`${name}, ${Math.round((performance.now() - began) / 1_000)} s: ${text}`),
      add: (more) => rows.push(...more),
      note: (note) => notes.includes(note) || notes.push(note),
    });
  } catch (error) {
    failure = (error as Error).message;
  }
  endProgress();
  return { name, sentence, options, seconds: (performance.now() - began) / 1_000, rows, notes, failure };
}
