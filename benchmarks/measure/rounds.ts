/** Rounds of measurements of several systems, in turn, because the speed of a machine drifts. */

export interface Rounds {
  readonly rounds: number;
  /** Before the rounds that count: code gets compiled, connections are opened. 1 by default. */
  readonly warmUps?: number;
}

/** @returns by system, the results of its rounds. Every second round begins with the last system. */
export async function inTurn<System, Result>(
  systems: readonly System[],
  { rounds, warmUps = 1 }: Rounds,
  measure: (system: System, round: number) => Promise<Result>,
): Promise<Result[][]> {
  const results = systems.map((): Result[] => []);
  for (let round = -warmUps; round < rounds; round++) {
    const order = [...systems.entries()];
    if (round % 2 !== 0) order.reverse();
    for (const [i, system] of order) {
      const result = await measure(system, round);
      if (round >= 0) results[i]?.push(result);
    }
  }
  return results;
}
