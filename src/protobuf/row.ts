/**
 * A row of the table of operations in kv.ts: the messages of one kind of operation, and their conversion to and from the
 * tagged unions of model/. Fields that many rows share are converted here.
 */

import type { Reader, Writer } from 'protobufjs/minimal.js';
import type { Operation, OperationKind, Outgoing, ReplyTo } from '../model/operation.js';
import type { headwater } from './generated.js';
import { fromBigInt, toBytes } from './values.js';

type OperationOf<K extends OperationKind> = Extract<Operation, { readonly kind: K }>;

export interface MessageType<Message, Properties> {
  encode(message: Properties, writer?: Writer): Writer;
  decode(reader: Reader | Uint8Array, length?: number): Message;
  getTypeUrl(prefix: string): string;
}

/** A row with its two message types erased. */
export interface Row<K extends OperationKind> {
  readonly kind: K;
  readonly request: MessageType<unknown, object>;
  readonly response: MessageType<unknown, object>;
  toRequest(operation: Outgoing<OperationOf<K>>): object;
  fromRequest(message: unknown): OperationOf<K>;
  toResponse(reply: ReplyTo<K>): object;
  fromResponse(message: unknown): ReplyTo<K>;
}

/** The compiler checks a row's functions against its messages here. */
export function row<K extends OperationKind, Request, RequestProperties, Response, ResponseProperties>(functions: {
  kind: K;
  request: MessageType<Request, RequestProperties>;
  response: MessageType<Response, ResponseProperties>;
  toRequest(operation: Outgoing<OperationOf<K>>): RequestProperties;
  fromRequest(message: Request): OperationOf<K>;
  toResponse(reply: ReplyTo<K>): ResponseProperties;
  fromResponse(message: Response): ReplyTo<K>;
}): Row<K> {
  return functions as unknown as Row<K>;
}

/** The result has all the properties of a `Long` that protobufjs reads. */
export const int64 = (value: bigint) => fromBigInt(value) as headwater.v1.IncrementResponse['value'];

export const toKey = ({ key }: { key: string | Uint8Array }) => ({ key: toBytes(key) });
export const toKeys = ({ keys }: { keys: readonly (string | Uint8Array)[] }) => ({ keys: keys.map(toBytes) });
export const toKeyAndValue = ({ key, value }: { key: string | Uint8Array; value: string | Uint8Array }) => ({
  key: toBytes(key),
  value: toBytes(value),
});
export const toLength = ({ length }: { length: number }) => ({ length });
export const toApplied = ({ applied }: { applied: boolean }) => ({ applied });
export const toOptionalValue = ({ value }: { value: Buffer | undefined }) => ({ value: value ?? null });
