/**
 * The names of marks that a repair requests from its upstream: they freeze the node that asked for them, and no other.
 */
const PREFIX = 'repair ';

/** @param nonce drawn for this one mark. */
export function repairMark(nodeId: string, nonce: string): string {
  return `${PREFIX}${nodeId} ${nonce}`;
}

export function isRepairMark(markId: string): boolean {
  return markId.startsWith(PREFIX);
}
