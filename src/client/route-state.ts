/**
 * The states of the way from a client's session to a node, and the moves between them:
 *
 *   apart → dialling → connected → moving → retiring → connected
 *
 * A connection may break in each of them. `connection` is the one that calls beside the pipeline use. Commands are sent
 * in the state `connected` alone.
 */
import { invariant } from '../base/invariant.js';
import type { Connection } from './connection.js';

export type RouteState =
  /** There is no connection, and no attempt at one. */
  | { readonly name: 'apart'; readonly connection: undefined; readonly retiring: undefined }
  /** An attempt at a connection is on its way. */
  | { readonly name: 'dialling'; readonly connection: undefined; readonly retiring: Connection | undefined }
  | { readonly name: 'connected'; readonly connection: Connection; readonly retiring: undefined }
  /**
   * An attempt to reach the leader is on its way, because the node in use has refused a command, or because another
   * leads. The answers that the node in use then gives to reads are behind commands that were asked before them.
   */
  | { readonly name: 'moving'; readonly connection: Connection; readonly retiring: undefined }
  /** The connection before, `retiring`, has unanswered commands. Nothing is sent before it has answered them. */
  | { readonly name: 'retiring'; readonly connection: Connection; readonly retiring: Connection }
  | { readonly name: 'closed'; readonly connection: undefined; readonly retiring: undefined };

export type RouteStateName = RouteState['name'];

const NEXT: Readonly<Record<RouteStateName, readonly RouteStateName[]>> = {
  apart: ['dialling', 'closed'],
  // The retiring connection may end while the attempt goes on.
  dialling: ['dialling', 'apart', 'connected', 'retiring', 'closed'],
  connected: ['moving', 'apart', 'closed'],
  // If the node in use is lost, the attempt to reach the leader is one like any other.
  moving: ['connected', 'retiring', 'dialling', 'closed'],
  retiring: ['connected', 'dialling', 'closed'],
  closed: ['closed'],
};

export const APART: RouteState = { name: 'apart', connection: undefined, retiring: undefined };
export const CLOSED: RouteState = { name: 'closed', connection: undefined, retiring: undefined };

/** @throws InvariantViolation if the table has no such move. */
export function moved(from: RouteState, to: RouteState): RouteState {
  invariant(NEXT[from.name].includes(to.name), `a route does not go from ${from.name} to ${to.name}`);
  return to;
}
