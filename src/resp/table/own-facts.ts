/** The facts of the commands that Redis does not have, in the form of the package @ioredis/commands. */

/** @param arity with the name of the command. */
const facts = (arity: number) => ({
  arity,
  flags: ['loading', 'stale', 'fast'],
  keyStart: 0,
  keyStop: 0,
  step: 0,
});

export const OWN_FACTS = {
  headwater: {
    ...facts(-2),
    flags: [],
    subcommands: {
      token: facts(2),
      atleast: facts(-3),
      maxstaleness: facts(-3),
      durability: facts(-3),
      reset: facts(2),
      help: facts(2),
    },
  },
};
