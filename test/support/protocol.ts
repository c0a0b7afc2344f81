/**
 * The messages of the .proto files as protobufjs makes them: the second opinion that our codecs are held against. The
 * generated code of the product has the messages of the hot path alone.
 */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import protobuf from 'protobufjs';

const FOLDER = path.resolve('proto');

const root = new protobuf.Root();
root.resolvePath = (_origin, target) => (target.startsWith('headwater/') ? path.join(FOLDER, target) : target);
root.loadSync(readdirSync(path.join(FOLDER, 'headwater/v1')).map((name) => `headwater/v1/${name}`));
root.resolveAll();

export interface MessageType<Fields> {
  encode(fields: Fields): { finish(): Uint8Array };
  decode(bytes: Uint8Array): Fields;
}

/** The names of all messages of the protocol. */
export const MESSAGE_NAMES: readonly string[] = (root.lookup('headwater.v1') as protobuf.Namespace).nestedArray
  .filter((type) => type instanceof protobuf.Type)
  .map(({ name }) => name);

/** @param Fields what the caller expects of the message. The .proto file decides. */
export function messageType<Fields extends object = object>(name: string): MessageType<Fields> {
  return root.lookupType(`headwater.v1.${name}`) as unknown as MessageType<Fields>;
}
