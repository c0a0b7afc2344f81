/** The moves of a session's route: those of the table pass, and every other one is a bug that shows itself. */
import assert from 'node:assert/strict';
import { InvariantViolation } from '../../src/base/invariant.js';
import type { Connection } from '../../src/client/connection.js';
import { APART, CLOSED, moved, type RouteState, type RouteStateName } from '../../src/client/route-state.js';

const connection = {} as Connection;
const STATES: Readonly<Record<RouteStateName, RouteState>> = {
  apart: APART,
  dialling: { name: 'dialling', connection: undefined, retiring: undefined },
  connected: { name: 'connected', connection, retiring: undefined },
  moving: { name: 'moving', connection, retiring: undefined },
  retiring: { name: 'retiring', connection, retiring: {} as Connection },
  closed: CLOSED,
};

const WAYS: ReadonlyArray<readonly [what: string, ...way: RouteStateName[]]> = [
  ['a first connection', 'apart', 'dialling', 'connected'],
  ['a first connection that fails', 'apart', 'dialling', 'apart', 'closed'],
  ['a connection that breaks', 'connected', 'apart', 'dialling', 'connected'],
  ['a redirect to the leader', 'connected', 'moving', 'retiring', 'connected'],
  ['a leader that cannot be reached', 'connected', 'moving', 'connected'],
  ['a node that is lost on the way to the leader', 'moving', 'dialling', 'connected'],
  ['a new connection that breaks before the old one is done', 'retiring', 'dialling', 'dialling', 'retiring'],
];

const NEVER: ReadonlyArray<readonly [why: string, from: RouteStateName, to: RouteStateName]> = [
  ['a connection comes of an attempt', 'apart', 'connected'],
  ['two nodes are never left at a time', 'retiring', 'moving'],
  ['a node that commands go to is not redialled', 'connected', 'dialling'],
  ['a closed route stays closed', 'closed', 'dialling'],
];

describe('the route of a session', () => {
  for (const [what, ...way] of WAYS)
    it(`goes ${way.join(' → ')}: ${what}`, () => {
      for (const [i, name] of way.slice(1).entries())
        assert.equal(moved(STATES[way[i] as RouteStateName], STATES[name]).name, name);
    });

  for (const [why, from, to] of NEVER)
    it(`does not go ${from} → ${to}: ${why}`, () =>
      assert.throws(() => moved(STATES[from], STATES[to]), InvariantViolation));

  it('can be closed in every state', () => {
    for (const state of Object.values(STATES)) assert.equal(moved(state, CLOSED).name, 'closed');
  });
});
