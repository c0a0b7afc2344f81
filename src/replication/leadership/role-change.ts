/** The way in which hand-overs and greetings change the role of this node. */
export interface RoleChange {
  /** Runs a change of roles with the link stopped, one change after another, and then takes up the resulting role. */
  run<T>(change: () => Promise<T>): Promise<T>;
}
