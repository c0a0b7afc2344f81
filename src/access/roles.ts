/** Roles as bits, so that a decision is one operation on two numbers. */
import { USER_ROLES, type UserRole } from '../model/user.js';

export const READ = 1;
export const WRITE = 2;
export const PUBLISH = 4;
export const REPLICATE = 8;
export const ADMIN = 16;

/** All bits. An administrator may do everything. */
export const EVERYTHING = READ | WRITE | PUBLISH | REPLICATE | ADMIN;

/** The bits that clients use for data. */
export const DATA = READ | WRITE;

const BITS: Readonly<Record<UserRole, number>> = {
  read: READ,
  write: WRITE,
  publish: PUBLISH,
  replicate: REPLICATE,
  admin: EVERYTHING,
};

export function bitsOf(roles: Iterable<UserRole>): number {
  let bits = 0;
  for (const role of roles) bits |= BITS[role];
  return bits;
}

/** The roles that are missing, as people read them: `read and write`. */
export function namesOf(bits: number): string {
  const names = USER_ROLES.filter((role) => (role === 'admin' ? bits & ADMIN : bits & BITS[role]));
  return names.join(' and ');
}

/** Tells whether a user may call something, by its roles alone. */
export interface Rule {
  /** The bits that the user needs, all of them. */
  readonly all: number;
  /** Bits of which the user needs one. 0 if none is needed. */
  readonly any: number;
}

export function allOf(bits: number): Rule {
  return { all: bits, any: 0 };
}

export function anyOf(bits: number): Rule {
  return { all: 0, any: bits };
}

/** Every user, whatever its roles. */
export const ANY_USER: Rule = { all: 0, any: 0 };

export function allows({ all, any }: Rule, bits: number): boolean {
  return (bits & all) === all && (any === 0 || (bits & any) !== 0);
}

/** The roles that a rule asks for, as people read them. */
export function needOf({ all, any }: Rule): string {
  if (all !== 0) return `the role ${namesOf(all)}`;
  return `one of the roles ${USER_ROLES.filter((role) => role !== 'admin' && BITS[role] & any).join(' and ')}`;
}
