/** Commands described for clients: the shapes of COMMAND INFO and COMMAND DOCS. */

import type { ReplyWriter } from '../codec/reply-writer.js';
import { categoriesOf } from './command-categories.js';
import { type KeyRule, keyRules } from './command-keys.js';
import { noteOn } from './command-notes.js';
import { type CommandArgument, parseSyntax } from './command-syntax.js';
import type { CommandEntry } from './command-table.js';

const INFO_FIELDS = 10;

/** Commands whose answers differ between equal nodes, or come in any order. */
const NOT_DETERMINISTIC =
  /^(?:object\|(?!help).*|memory\|(?:doctor|malloc-stats|stats)|lastsave|time|info|scan|client\|(?:list|info)|p?ttl|latency\|(?:doctor|graph|histogram|history|latest)|randomkey|slowlog\|(?:get|len)|function\|stats|cluster\|info)$/;
const IN_ANY_ORDER = /^(?:keys|module\|list|function\|list|command(?:\|(?:docs|info|list))?)$/;

export function writeInfo(out: ReplyWriter, entry: CommandEntry): void {
  const { name, facts, subcommands } = entry;
  out.begin('array', INFO_FIELDS);
  out.bulk(name);
  out.integer(facts.arity);
  writeWords(out, facts.flags);
  out.integer(facts.keyStart);
  out.integer(facts.keyStop);
  out.integer(facts.step);
  writeWords(
    out,
    categoriesOf(entry).map((category) => `@${category}`),
  );
  const tips = tipsOf(entry);
  out.begin('set', tips.length);
  for (const tip of tips) out.bulk(tip);
  const rules = keyRules(entry);
  out.begin('set', rules.length);
  for (const rule of rules) writeKeyRule(out, rule);
  out.begin('set', subcommands.size);
  for (const subcommand of subcommands.values()) writeInfo(out, subcommand);
}

/** Writes the name and the documentation behind it, for a map. */
export function writeDocs(out: ReplyWriter, entry: CommandEntry): void {
  const { summary, since, group, syntax } = noteOn(entry);
  const parameters = parseSyntax(syntax);
  const { subcommands } = entry;
  out.bulk(entry.name);
  out.begin('map', 3 + Number(parameters.length > 0) + Number(subcommands.size > 0));
  writeTexts(out, { summary, since, group });
  if (parameters.length > 0) {
    out.bulk('arguments');
    writeArguments(out, parameters);
  }
  if (subcommands.size > 0) {
    out.bulk('subcommands');
    out.begin('map', subcommands.size);
    for (const subcommand of subcommands.values()) writeDocs(out, subcommand);
  }
}

function tipsOf({ name, facts }: CommandEntry): string[] {
  const { requestPolicy, responsePolicy } = facts;
  return [
    ...(requestPolicy === undefined ? [] : [`request_policy:${requestPolicy}`]),
    ...(responsePolicy === undefined ? [] : [`response_policy:${responsePolicy}`]),
    ...(NOT_DETERMINISTIC.test(name) ? ['nondeterministic_output'] : []),
    ...(IN_ANY_ORDER.test(name) ? ['nondeterministic_output_order'] : []),
  ];
}

export function writeWords(out: ReplyWriter, words: readonly string[]): void {
  out.begin('set', words.length);
  for (const word of words) out.simple(word);
}

function writeTexts(out: ReplyWriter, texts: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(texts)) {
    out.bulk(name);
    out.bulk(text);
  }
}

function writeKeyRule(out: ReplyWriter, { use, first, last, step }: KeyRule): void {
  out.begin('map', 3);
  out.bulk('flags');
  writeWords(out, use);
  writeSearch(out, 'begin_search', 'index', { index: first });
  writeSearch(out, 'find_keys', 'range', { lastkey: last, keystep: step, limit: 0 });
}

function writeSearch(out: ReplyWriter, name: string, type: string, spec: Readonly<Record<string, number>>): void {
  out.bulk(name);
  out.begin('map', 2);
  writeTexts(out, { type });
  out.bulk('spec');
  out.begin('map', Object.keys(spec).length);
  for (const [field, value] of Object.entries(spec)) {
    out.bulk(field);
    out.integer(value);
  }
}

function writeArguments(out: ReplyWriter, parameters: readonly CommandArgument[]): void {
  out.begin('array', parameters.length);
  for (const parameter of parameters) writeArgument(out, parameter);
}

function writeArgument(out: ReplyWriter, { name, type, token, isOptional, isRepeated, parts }: CommandArgument): void {
  const flags = [
    ...(isOptional ? ['optional'] : []),
    ...(isRepeated ? ['multiple'] : []),
    ...(isRepeated === 'with_token' ? ['multiple_token'] : []),
  ];
  const texts = { name, type, ...(token === undefined ? {} : { token }) };
  out.begin('map', Object.keys(texts).length + Number(flags.length > 0) + Number(parts.length > 0));
  writeTexts(out, texts);
  if (flags.length > 0) {
    out.bulk('flags');
    writeWords(out, flags);
  }
  if (parts.length > 0) {
    out.bulk('arguments');
    writeArguments(out, parts);
  }
}
