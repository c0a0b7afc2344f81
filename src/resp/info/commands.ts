/** The sections of INFO about single commands and errors. */
import type { Fields, InfoFacts } from './facts.js';

/** Empty: to count each command, or to time it, would cost the pipeline more than the figures are worth. */
export function commandStats(): Fields {
  return {};
}

export function errorStats({ counts }: InfoFacts): Fields {
  return Object.fromEntries([...counts.errors].map(([word, count]) => [`errorstat_${word}`, `count=${count}`]));
}
