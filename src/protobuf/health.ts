/** The messages of the standard health service (grpc.health.v1), which has three small ones. */
import $protobuf from 'protobufjs/minimal.js';
import { decodeMessage } from './values.js';

const { Reader, Writer } = $protobuf;
type PbReader = InstanceType<typeof Reader>;
type PbWriter = InstanceType<typeof Writer>;

/** The numbers of HealthCheckResponse.ServingStatus. */
export const HEALTH = { serving: 1, notServing: 2, serviceUnknown: 3 } as const;
export type HealthStatus = (typeof HEALTH)[keyof typeof HEALTH];

const SERVICE = (1 << 3) | 2;
const STATUS = 1 << 3;
const STATUSES = (1 << 3) | 2;
const NAME = (1 << 3) | 2;
const RESPONSE = (2 << 3) | 2;

/**
 * Reads a HealthCheckRequest.
 * @returns the name of the service, empty for the node as a whole.
 * @throws HeadwaterError `invalid_argument` if the bytes are no such message.
 */
export function decodeHealthRequest(bytes: Buffer): string {
  return decodeMessage('HealthCheckRequest', bytes, REQUEST).service;
}

const REQUEST = {
  decode(source: Uint8Array | PbReader): { service: string } {
    const reader = source instanceof Reader ? source : Reader.create(source);
    let service = '';
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      if (tag === SERVICE) service = reader.string();
      else reader.skipType(tag & 7);
    }
    return { service };
  },
};

/** Encodes a HealthCheckResponse. */
export function encodeHealthStatus(status: HealthStatus): Buffer {
  return write(Writer.create(), status).finish() as Buffer;
}

/** Encodes a HealthListResponse, in which all services have one status. */
export function encodeHealthList(services: Iterable<string>, status: HealthStatus): Buffer {
  const writer = Writer.create();
  for (const service of services) {
    writer.uint32(STATUSES).fork().uint32(NAME).string(service);
    write(writer.uint32(RESPONSE).fork(), status).ldelim().ldelim();
  }
  return writer.finish() as Buffer;
}

function write(writer: PbWriter, status: HealthStatus): PbWriter {
  return writer.uint32(STATUS).int32(status);
}
