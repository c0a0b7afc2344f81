/** The facts of the commands that Redis does not have, in the form of the package @ioredis/commands. */

/** @param arity with the name of the command. */
const subcommand = (arity: number) => ({
  arity,
  flags: ['loading', 'stale', 'fast'],
  keyStart: 0,
  keyStop: 0,
  step: 0,
});

export const OWN_FACTS = {
  headwater: {
    arity: -2,
    flags: [],
    keyStart: 0,
    keyStop: 0,
    step: 0,
    subcommands: {
      token: subcommand(2),
      atleast: subcommand(-3),
      maxstaleness: subcommand(-3),
      durability: subcommand(-3),
      reset: subcommand(2),
      help: subcommand(2),
    },
  },
};
