/** UserService: makes, shows and revokes users. access/ decides. */
import type { CreatedUser, Myself, NewUser, RotatedUser, UserList } from '../model/user.js';
import { CREATE_USER, LIST_USERS, REVOKE_USER, ROTATE_USER, USER_SERVICE, WHO_AM_I } from './definitions.js';
import { unary } from './handler.js';
import type { Service } from './server.js';

/** The changes of users. */
export interface UserChanges {
  create(user: NewUser): Promise<CreatedUser>;
  revoke(name: string): Promise<void>;
  rotate(name: string, secret: string | undefined): Promise<RotatedUser>;
}

/** The users that are there. */
interface KnownUsers {
  readonly list: UserList;
  readonly inForce: boolean;
}

export function userService(users: UserChanges, known: KnownUsers): Service {
  return {
    name: USER_SERVICE,
    endpoints: [
      unary(CREATE_USER, (user) => users.create(user)),
      unary(LIST_USERS, async () => known.list),
      unary(REVOKE_USER, (name) => users.revoke(name)),
      unary(ROTATE_USER, ({ name, secret }) => users.rotate(name, secret)),
      unary(WHO_AM_I, async (_, { intake }): Promise<Myself> => ({ user: intake.grant?.user, inForce: known.inForce })),
    ],
  };
}
