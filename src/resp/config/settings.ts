/** The values of Redis's parameters in this node. Values that clients set are kept until the node stops. */

import { Refusal } from '../replies/refusal.js';
import { ALIASES, PARAMETERS, type Parameter, type ShownNode } from './parameters.js';

const NAMES: readonly string[] = [...Object.keys(PARAMETERS), ...Object.keys(ALIASES)];

export class Settings {
  readonly #values = new Map<string, string>();

  /** The names of all parameters, in lower case. */
  get names(): readonly string[] {
    return NAMES;
  }

  /** The value of a parameter. Undefined if there is none of this name. */
  get(name: string, facts: ShownNode): string | undefined {
    const main = mainNameOf(name);
    const parameter = PARAMETERS[main];
    if (parameter === undefined) return undefined;
    return 'shown' in parameter ? parameter.shown(facts) : (this.#values.get(main) ?? parameter.initial);
  }

  /**
   * Sets several parameters, or none of them.
   * @throws Refusal if there is no such parameter, or not with this value.
   */
  set(given: ReadonlyArray<readonly [name: string, value: string]>, facts: ShownNode): void {
    const seen = new Set<string>();
    for (const [name] of given) {
      const main = mainNameOf(name);
      if (PARAMETERS[main] === undefined)
        throw new Refusal(`ERR Unknown option or number of arguments for CONFIG SET - '${name}'`);
      if (seen.has(main)) throw refused(name, 'duplicate parameter');
      seen.add(main);
    }
    const values = given.map(([name, value]) => [mainNameOf(name), checked(name, value, facts)] as const);
    for (const [main, value] of values) if ('initial' in parameterOf(main)) this.#values.set(main, value);
  }
}

function mainNameOf(name: string): string {
  const lower = name.toLowerCase();
  return ALIASES[lower] ?? lower;
}

function parameterOf(main: string): Parameter {
  return PARAMETERS[main] as Parameter;
}

function checked(name: string, given: string, facts: ShownNode): string {
  const parameter = parameterOf(mainNameOf(name));
  const read = parameter.read(given);
  if ('refusal' in read) throw refused(name, read.refusal);
  if ('shown' in parameter) {
    const shown = parameter.shown(facts);
    if (read.value !== shown) throw refused(name, `expected '${shown}', received '${given}'. ${parameter.reason}`);
  }
  return read.value;
}

function refused(name: string, reason: string): Refusal {
  return new Refusal(`ERR CONFIG SET failed (possibly related to argument '${name}') - ${reason}`);
}
