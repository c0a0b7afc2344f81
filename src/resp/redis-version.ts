/** The version of Redis whose commands, replies and sentences this door has. Clients compare it with what they need. */
export const REDIS_VERSION = '7.2.4';
