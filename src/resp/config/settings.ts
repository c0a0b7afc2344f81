/** The values of Redis's parameters in this node. Values that clients set are kept until the node stops. */

import { HeadwaterError } from '../../base/errors.js';
import { Refusal } from '../replies/refusal.js';
import { ALIASES, type LiveParameter, PARAMETERS, type Parameter, type ShownNode } from './parameters.js';

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
   * @param by the client, for the origin of an option of the node.
   * @throws Refusal if there is no such parameter, or not with this value.
   */
  set(given: ReadonlyArray<readonly [name: string, value: string]>, facts: ShownNode, by: string): void {
    const seen = new Set<string>();
    for (const [name] of given) {
      const main = mainNameOf(name);
      if (PARAMETERS[main] === undefined)
        throw new Refusal(`ERR Unknown option or number of arguments for CONFIG SET - '${name}'`);
      if (seen.has(main)) throw refused(name, 'duplicate parameter');
      seen.add(main);
    }
    const values = given.map(([name, value]) => [name, checked(name, value, facts)] as const);
    change(values, facts, by);
    for (const [name, value] of values) {
      const main = mainNameOf(name);
      if ('initial' in parameterOf(main)) this.#values.set(main, value);
    }
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
  if ('shown' in parameter && !isLive(parameter, facts)) {
    const shown = parameter.shown(facts);
    const reason = 'reason' in parameter ? parameter.reason : NOT_HERE;
    const received = SECRET.test(mainNameOf(name)) ? 'a secret' : `'${given}'`;
    if (read.value !== shown) throw refused(name, `expected '${shown}', received ${received}. ${reason}`);
  }
  return read.value;
}

/** Parameters of Redis that are secrets: an error is read by others, too. */
const SECRET = /(pass|auth)$/;

const NOT_HERE = 'The program that has the node in it decides this.';

function isLive(parameter: Parameter, { node }: ShownNode): parameter is LiveParameter {
  return 'option' in parameter && node.control.options.get().some(({ name }) => name === parameter.option);
}

/** Changes the options of the node that have another value now. */
function change(values: ReadonlyArray<readonly [name: string, value: string]>, facts: ShownNode, by: string): void {
  const changes = values.flatMap(([name, value]) => {
    const parameter = parameterOf(mainNameOf(name));
    if (!isLive(parameter, facts) || value === parameter.shown(facts)) return [];
    return parameter.changes(value).map((change) => ({ parameter: name, ...change }));
  });
  if (changes.length === 0) return;
  try {
    facts.node.control.options.set(changes, by);
  } catch (error) {
    if (!HeadwaterError.is(error, 'invalid_argument')) throw error;
    const at = changes.find(({ name }) => error.message.startsWith(`${name}:`)) ?? changes[0];
    throw refused(at?.parameter ?? '', error.message);
  }
}

function refused(name: string, reason: string): Refusal {
  return new Refusal(`ERR CONFIG SET failed (possibly related to argument '${name}') - ${reason}`);
}
