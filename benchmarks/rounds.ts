/** Rounds of measurements of several systems, in turn, because the speed of a machine drifts. */

/** @returns by system, the results of its rounds. */
export async function inTurn<System, Result>(
  systems: readonly System[],
  rounds: number,
  measure: (system: System) => Promise<Result>,
): Promise<Result[][]> {
  const results = systems.map((): Result[] => []);
  // One round each that does not count: code gets compiled, connections opened.
  for (let round = -1; round < rounds; round++) {
    for (const [i, system] of systems.entries()) {
      const result = await measure(system);
      if (round >= 0) results[i]?.push(result);
    }
  }
  return results;
}
