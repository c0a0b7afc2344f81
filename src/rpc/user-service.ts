/** UserService: makes, shows and revokes users. access/ decides. */
import type { CreatedUser, Myself, NewUser, RotatedUser, User, UserLimits, UserList } from '../model/user.js';
import type { Call } from './calls.js';
import {
  CREATE_USER,
  LIMIT_USER,
  LIST_USERS,
  REVOKE_USER,
  ROTATE_USER,
  USER_SERVICE,
  WHO_AM_I,
} from './definitions.js';
import { unary } from './handler.js';
import type { Service } from './server.js';

/** The changes of users. */
export interface UserChanges {
  /** @param caller the names in the certificate of the caller. */
  create(user: NewUser, caller: readonly string[] | undefined): Promise<CreatedUser>;
  revoke(name: string, caller: readonly string[] | undefined): Promise<void>;
  rotate(name: string, secret: string | undefined): Promise<RotatedUser>;
  limit(name: string, limits: Partial<UserLimits>): Promise<User>;
}

/** The users that are there. */
interface KnownUsers {
  readonly list: UserList;
  readonly inForce: boolean;
  readonly audit: {
    administers(call: { readonly user: string; readonly peer: string; readonly call: string }, object: string): void;
  };
}

export function userService(users: UserChanges, known: KnownUsers): Service {
  const note = ({ path }: { readonly path: string }, name: string, { intake }: Call) => {
    const user = intake.grant?.name ?? '';
    known.audit.administers({ user, peer: intake.caller?.peer ?? '', call: path }, JSON.stringify(name));
  };
  return {
    name: USER_SERVICE,
    endpoints: [
      unary(CREATE_USER, (user, call) => {
        note(CREATE_USER, user.name, call);
        return users.create(user, call.intake.caller?.names);
      }),
      unary(LIST_USERS, async () => known.list),
      unary(REVOKE_USER, (name, call) => {
        note(REVOKE_USER, name, call);
        return users.revoke(name, call.intake.caller?.names);
      }),
      unary(ROTATE_USER, ({ name, secret }, call) => {
        note(ROTATE_USER, name, call);
        return users.rotate(name, secret);
      }),
      unary(LIMIT_USER, async ({ name, limits }, call) => {
        note(LIMIT_USER, name, call);
        return { user: await users.limit(name, limits ?? {}) };
      }),
      unary(WHO_AM_I, async (_, { intake }): Promise<Myself> => ({ user: intake.grant?.user, inForce: known.inForce })),
    ],
  };
}
