/**
 * How a leader's last life ended, in `life.json`: whether its log may have lost
 * a tail that others have. A process that is killed loses nothing that the
 * operating system had; a machine that goes down may, unless the life had
 * ended with a durable point.
 */
export interface Life {
  /** Of the machine, while the node led; empty where it does not tell. */
  readonly boot_id: string;
  /** It ended in good order: everything was durable. */
  readonly ended_clean: boolean;
}

/** @param bootId of the machine now; undefined where it does not tell. */
export function mayHaveLostTail(last: Life | undefined, bootId: string | undefined): boolean {
  if (!last || last.ended_clean) return false;
  return bootId === undefined || last.boot_id !== bootId;
}
