/** The name that a field of this code has in the protocol: `ttlMs` is `ttl_ms`. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
