/** The messages of Verify, Repair and FetchBlocks (proto/headwater/v1/disk.proto), with checked numbers. */

import { HeadwaterError } from '../base/errors.js';
import type {
  CheckProgress,
  CheckRequest,
  Damage,
  FetchBlocksRequest,
  FetchBlocksResponse,
  RepairEvent,
  RepairStep,
  Verified,
  VerifyEvent,
} from '../model/check.js';
import { positionOf, toPosition } from './frame.js';
import { headwater } from './generated.js';
import { bytesOf, decodeMessage } from './message.js';
import { toNumber } from './numbers.js';
import { optional } from './why.js';

const { v1 } = headwater;

export function encodeVerifyRequest(request: CheckRequest): Buffer {
  return v1.VerifyRequest.encode(request).finish() as Buffer;
}

export function decodeVerifyRequest(bytes: Buffer): CheckRequest {
  const { bytesPerSecond } = decodeMessage('VerifyRequest', bytes, v1.VerifyRequest);
  return { bytesPerSecond: toNumber(bytesPerSecond, 'bytes_per_second') };
}

export function encodeVerifyEvent(event: VerifyEvent): Buffer {
  const message =
    event.kind === 'damage'
      ? { damage: damageMessage(event.damage) }
      : event.kind === 'progress'
        ? { progress: event.progress }
        : { summary: summaryMessage(event.summary) };
  return v1.VerifyResponse.encode(message).finish() as Buffer;
}

export function decodeVerifyEvent(bytes: Buffer): VerifyEvent {
  const { damage, progress, summary } = decodeMessage('VerifyResponse', bytes, v1.VerifyResponse);
  if (damage) return { kind: 'damage', damage: toDamage(damage) };
  if (progress) return { kind: 'progress', progress: toProgress(progress) };
  if (summary) return { kind: 'summary', summary: toSummary(summary) };
  throw unknownEvent('verification');
}

export function encodeRepairRequest(request: CheckRequest): Buffer {
  return v1.RepairRequest.encode(request).finish() as Buffer;
}

export function decodeRepairRequest(bytes: Buffer): CheckRequest {
  const { bytesPerSecond } = decodeMessage('RepairRequest', bytes, v1.RepairRequest);
  return { bytesPerSecond: toNumber(bytesPerSecond, 'bytes_per_second') };
}

export function encodeRepairEvent(event: RepairEvent): Buffer {
  return v1.RepairResponse.encode(repairMessage(event)).finish() as Buffer;
}

function repairMessage(event: RepairEvent): headwater.v1.RepairResponse.$Properties {
  switch (event.kind) {
    case 'damage':
      return { damage: damageMessage(event.damage) };
    case 'progress':
      return { progress: event.progress };
    case 'step':
      return { step: event.step };
    case 'summary':
      return { summary: event.summary };
  }
}

export function decodeRepairEvent(bytes: Buffer): RepairEvent {
  const { damage, progress, step, summary } = decodeMessage('RepairResponse', bytes, v1.RepairResponse);
  if (damage) return { kind: 'damage', damage: toDamage(damage) };
  if (progress) return { kind: 'progress', progress: toProgress(progress) };
  if (step) return { kind: 'step', step: toStep(step) };
  if (!summary) throw unknownEvent('repair');
  return {
    kind: 'summary',
    summary: {
      damages: toNumber(summary.damages, 'summary.damages'),
      repairs: toNumber(summary.repairs, 'summary.repairs'),
      left: toNumber(summary.left, 'summary.left'),
    },
  };
}

export function encodeFetchBlocksRequest({ after, through }: FetchBlocksRequest): Buffer {
  const message = { after: positionOf(after), through: positionOf(through) };
  return v1.FetchBlocksRequest.encode(message).finish() as Buffer;
}

export function decodeFetchBlocksRequest(bytes: Buffer): FetchBlocksRequest {
  const { after, through } = decodeMessage('FetchBlocksRequest', bytes, v1.FetchBlocksRequest);
  if (!after || !through)
    throw new HeadwaterError(
      'invalid_argument',
      'expected the positions `after` and `through`, received only one of them or none',
    );
  return { after: toPosition(after), through: toPosition(through) };
}

export function encodeFetchBlocksResponse({ start, blocks, more }: FetchBlocksResponse): Buffer {
  const message = { after: start && positionOf(start.after), timeMs: start?.timeMs ?? 0, blocks: [...blocks], more };
  return v1.FetchBlocksResponse.encode(message as headwater.v1.FetchBlocksResponse.$Properties).finish() as Buffer;
}

/** Decodes without a copy: the blocks are views of the message. */
export function decodeFetchBlocksResponse(bytes: Buffer): FetchBlocksResponse {
  const message = decodeMessage('FetchBlocksResponse', bytes, v1.FetchBlocksResponse);
  const { after, blocks, more } = message;
  const start = after ? { after: toPosition(after), timeMs: toNumber(message.timeMs, 'time_ms') } : undefined;
  return { start, blocks: blocks.map(bytesOf), more };
}

function damageMessage(damage: Damage): headwater.v1.Damage.$Properties {
  switch (damage.part) {
    case 'file':
    case 'database':
      return damage;
    case 'log':
      return { part: 'log', why: damage.why, fromOffset: damage.from, toOffset: damage.to };
    case 'keyspace':
      return { part: 'keyspace', why: damage.why, fromKey: damage.from ?? null, toKey: damage.to ?? null };
  }
}

function toDamage({ part, why, ...rest }: headwater.v1.Damage.$Properties): Damage {
  const said = why ?? '';
  const key = (bytes: Uint8Array | null | undefined) => (bytes ? bytesOf(bytes) : undefined);
  switch (part) {
    case 'file':
      return { part, file: rest.file ?? '', byte: toNumber(rest.byte, 'damage.byte'), why: said };
    case 'log':
      return {
        part,
        from: toNumber(rest.fromOffset, 'damage.from_offset'),
        to: toNumber(rest.toOffset, 'damage.to_offset'),
        why: said,
      };
    case 'keyspace':
      return { part, from: key(rest.fromKey), to: key(rest.toKey), why: said };
    default:
      return { part: 'database', why: said };
  }
}

function toProgress(message: headwater.v1.CheckProgress.$Properties): CheckProgress {
  return {
    bytes: toNumber(message.bytes, 'progress.bytes'),
    bytesEstimate: toNumber(message.bytesEstimate, 'progress.bytes_estimate'),
    doing: message.doing ?? '',
  };
}

function toStep(message: headwater.v1.RepairStep.$Properties): RepairStep {
  const { kind } = message;
  return {
    kind: kind === 'log' || kind === 'full_resync' ? kind : 'left',
    message: message.message ?? '',
    fromOffset: toNumber(message.fromOffset, 'step.from_offset'),
    toOffset: toNumber(message.toOffset, 'step.to_offset'),
  };
}

function summaryMessage(summary: Verified & { damages: number }): headwater.v1.VerifySummary.$Properties {
  const { damages, firstOffset, lastOffset, checkpointOffset, records, bytes } = summary;
  return {
    damages,
    firstOffset: firstOffset ?? null,
    offset: lastOffset ?? null,
    checkpointOffset: checkpointOffset ?? null,
    records,
    bytes,
  };
}

function toSummary(message: headwater.v1.VerifySummary.$Properties): Verified & { damages: number } {
  return {
    damages: toNumber(message.damages, 'summary.damages'),
    firstOffset: optional(message.firstOffset, 'summary.first_offset'),
    lastOffset: optional(message.offset, 'summary.offset'),
    checkpointOffset: optional(message.checkpointOffset, 'summary.checkpoint_offset'),
    records: toNumber(message.records, 'summary.records'),
    bytes: toNumber(message.bytes, 'summary.bytes'),
  };
}

function unknownEvent(what: string): HeadwaterError {
  return new HeadwaterError('protocol_violation', `received an event of a ${what} that this version does not know`);
}
