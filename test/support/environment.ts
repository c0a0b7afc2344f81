/**
 * Variables of the environment of this process. `process.env` itself is never replaced: a plain object in its place would
 * no longer change the environment, for this test and for all behind it in the same process.
 */

/** Sets variables. @returns sets them to what they were before. */
export function setVariables(variables: Readonly<Record<string, string>>): () => void {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, variables);
  return () => {
    for (const [name, value] of before)
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
  };
}
