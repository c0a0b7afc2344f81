/**
 * The invariants about who leads, judged by the tree of all blocks: no second
 * leader comes out of a grant whose history was led on elsewhere, and the
 * writes of a later epoch are never dropped for those of an older one. A person
 * who promotes two nodes has two leaders; that is no violation.
 */
import type { Line, Network } from '../../support/channel.js';
import type { Journal } from '../journal.js';
import type { SimulatedNode } from '../nodes/node.js';
import type { Accounts } from './accounts.js';
import { type History, leadsTo, type Place, Violation } from './history.js';

interface Surroundings {
  readonly network: Network;
  readonly history: History;
  readonly nodes: readonly SimulatedNode[];
  readonly journal: Journal;
  readonly accounts: Accounts;
}

type Frame = Line['sent'][number];

export class Leadership {
  readonly #simulation: Surroundings;
  /** The grants that each node was seen to have taken. */
  readonly #grants = new Map<SimulatedNode, Set<string>>();

  constructor(simulation: Surroundings) {
    this.#simulation = simulation;
  }

  /** Sees each frame that goes down, as it is sent. */
  sent(line: Line, frame: Frame): void {
    if (frame.kind === 'refuse' && frame.reason === 'HANDOVER_REFUSED') this.#judgeRefusal(line);
    if (frame.kind === 'refuse' && frame.reason === 'HANDOVER_UNDECIDED')
      this.#simulation.journal.count('hand-over undecided');
    if (frame.kind === 'fullResync') this.#judgeFull(line, frame);
    const [handshake] = line.answered;
    const isAnswer = frame.kind === 'continue' || frame.kind === 'fullResync';
    if (isAnswer && handshake?.kind === 'handshake' && handshake.handsOverTo !== '') this.#countServed(line);
  }

  /** A giver that is refused leads again. */
  #judgeRefusal(line: Line): void {
    const end = this.#offered(line);
    const asked = this.#node(line.to);
    if (!end || !asked?.isServing || this.#simulation.accounts.isTwofold(end)) return;
    this.#simulation.journal.count('hand-over refused');
    const at = this.#simulation.history.at(asked.store.data.position);
    const goneOn = leadsTo(end, at) && (asked.leads || at !== end);
    const above = asked.leads ? undefined : this.#node(asked.store.roles.upstream);
    if (goneOn || this.#leadsOn(above, line.from, end))
      throw new Violation(
        `a giver is refused only if nobody has gone on from its end: ${line.from} by ${line.to} at ${end.key}`,
      );
  }

  /** Looks whether a node has taken a grant since it was looked at last. */
  look(node: SimulatedNode): void {
    if (node.store.roles.role === 'follower') node.followed = node.store.roles.upstream;
    const seen = this.#grants.get(node) ?? new Set<string>();
    this.#grants.set(node, seen);
    for (const grant of node.store.roles.grants.answers.taken) {
      if (seen.has(grant)) continue;
      seen.add(grant);
      this.#simulation.journal.count('grant taken');
      const line = this.#simulation.network.lines.findLast(({ to, answered: [handshake] }) => {
        return to === node.address && handshake?.kind === 'handshake' && handshake.grant === grant;
      });
      const end = line && this.#offered(line);
      if (!end || this.#simulation.accounts.isTwofold(end)) continue;
      if (this.#leadsOn(this.#node(node.followed), line.from, end))
        throw new Violation(
          `a grant is taken only if nobody has gone on from its end: ${node.address} took that of ${line.from} at ${end.key}, and followed ${node.followed}, which leads`,
        );
    }
  }

  #countServed(line: Line): void {
    const asked = this.#node(line.to);
    this.#simulation.journal.count(asked?.leads ? 'hand-over answered by a leader' : 'hand-over moved on');
  }

  /** Another than the giver leads a history that goes on from there. */
  #leadsOn(node: SimulatedNode | undefined, giver: string, end: Place): boolean {
    if (!node?.leads || node.store.writes.refusal || node.address === giver) return false;
    return leadsTo(end, this.#simulation.history.at(node.store.data.position));
  }

  #judgeFull(line: Line, { branchOffset, details }: Extract<Frame, { kind: 'fullResync' }>): void {
    const [handshake] = line.answered;
    const upstream = this.#node(line.to);
    if (handshake?.kind !== 'handshake' || !upstream?.isServing || branchOffset === undefined) return;
    if (handshake.acceptDataLoss) return;
    const own = handshake.lineage.at(-1)?.epoch ?? 0;
    const theirs = Math.max(Number(details.upstream_epoch), upstream.store.data.log.history.lineage.epoch);
    if (own > theirs)
      throw new Violation(
        `writes of a later epoch are not dropped for older ones: ${line.from} has epoch ${own} after ${branchOffset}, ${line.to} has epoch ${theirs}`,
      );
  }

  /** Where the log of the giver ends. */
  #offered(line: Line): Place | undefined {
    const [handshake] = line.answered;
    return handshake?.kind === 'handshake' ? this.#simulation.history.find(handshake.position) : undefined;
  }

  #node(address: string): SimulatedNode | undefined {
    return this.#simulation.nodes.find((node) => node.address === address);
  }
}
