/**
 * INFO: the state of the node in the sections and under the names of Redis, so that its exporters, dashboards, Sentinel
 * and client libraries read it. A field that Headwater has no honest value for is left out.
 */
import { keyspace, persistence } from './data.js';
import type { Fields, InfoFacts } from './facts.js';
import { headwater } from './headwater.js';
import { clients, cpu, memory, server } from './process.js';
import { replication } from './replication.js';
import { commandStats, errorStats, stats } from './stats.js';

interface Section {
  readonly title: string;
  readonly fields: (facts: InfoFacts) => Fields;
  /** Whether the section is shown to a client that names none. */
  readonly isDefault: boolean;
}

/** An empty section. Commands of a message run together, so that there are no percentiles of single ones. */
const NONE = (): Fields => ({});

/** By the names that clients ask for, in the order of the reply. */
const SECTIONS: Readonly<Record<string, Section>> = {
  server: { title: 'Server', fields: server, isDefault: true },
  clients: { title: 'Clients', fields: clients, isDefault: true },
  memory: { title: 'Memory', fields: memory, isDefault: true },
  persistence: { title: 'Persistence', fields: persistence, isDefault: true },
  stats: { title: 'Stats', fields: stats, isDefault: true },
  replication: { title: 'Replication', fields: replication, isDefault: true },
  cpu: { title: 'CPU', fields: cpu, isDefault: true },
  modules: { title: 'Modules', fields: NONE, isDefault: true },
  commandstats: { title: 'Commandstats', fields: commandStats, isDefault: false },
  errorstats: { title: 'Errorstats', fields: errorStats, isDefault: true },
  latencystats: { title: 'Latencystats', fields: NONE, isDefault: false },
  cluster: { title: 'Cluster', fields: () => ({ cluster_enabled: 0 }), isDefault: true },
  keyspace: { title: 'Keyspace', fields: keyspace, isDefault: true },
  headwater: { title: 'Headwater', fields: headwater, isDefault: true },
};

const ALL: ReadonlySet<string> = new Set(Object.keys(SECTIONS));
const DEFAULT: ReadonlySet<string> = new Set([...ALL].filter((name) => SECTIONS[name]?.isDefault));

/** The sections that a client asked for. @param words in lower case. Unknown ones have no section. */
export function sectionsWanted(words: readonly string[]): ReadonlySet<string> {
  if (words.length === 0) return DEFAULT;
  return new Set(words.flatMap((word) => [...sectionsOf(word)]));
}

function sectionsOf(word: string): Iterable<string> {
  if (word === 'all' || word === 'everything') return ALL;
  if (word === 'default') return DEFAULT;
  return word === 'module_list' ? ['modules'] : [word];
}

/** The text of the reply. Lines end with CR and LF, and an empty line stands between two sections. */
export function infoText(wanted: ReadonlySet<string>, facts: InfoFacts): string {
  return Object.entries(SECTIONS)
    .filter(([name]) => wanted.has(name))
    .map(([, { title, fields }]) => `# ${title}\r\n${linesOf(fields(facts))}`)
    .join('\r\n');
}

export function linesOf(fields: Fields): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}:${value}\r\n`)
    .join('');
}
