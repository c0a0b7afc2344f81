/** The checks and repairs of a node as a client requests them: the events of the node, as they come. */

import { checkOptionNames, optionNames } from '../base/option-names.js';
import type { CheckRequest } from '../model/check.js';
import type { Method } from '../rpc/definitions.js';
import { type Caller, endOf } from './caller.js';
import { checkCount } from './measure.js';
import { type CallTime, TIME_NAMES } from './options.js';
import { SideCall } from './side-call.js';

/**
 * `signal` ends the loop with `cancelled`. `timeoutMs` is the longest time without a sign of life of the node. The
 * whole may take longer.
 */
export type CheckTime = CallTime;

/** The options of `verify` and `repair`. */
export interface CheckOptions extends CheckTime {
  /** The fastest rate of reading in bytes a second. 50 MiB by default. */
  readonly bytesPerSecond?: number | undefined;
}

const CHECK_OPTIONS = optionNames<CheckOptions>({ ...TIME_NAMES, bytesPerSecond: true });

/** If the connection breaks, the loop ends with an error, and the check has to begin again. */
export async function* check<Event>(
  session: Caller,
  method: Method<CheckRequest, Event>,
  asked: CheckOptions,
): AsyncGenerator<Event> {
  checkOptionNames(asked, CHECK_OPTIONS);
  const { bytesPerSecond = 0, signal, timeoutMs } = asked;
  checkCount('bytesPerSecond', bytesPerSecond);
  const call = new SideCall(session, { signal: endOf(session, signal), timeoutMs });
  yield* call.stream(method, { bytesPerSecond });
}
