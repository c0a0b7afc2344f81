/**
 * The messages of DatabaseSize, Keys and Scan. A scanned record is the part of a key that clients may see, at the
 * offset of the scan's snapshot.
 */
import type { ScannedRecord, ScanRequest, ScanResponse } from '../model/scan.js';
import { headwater } from './generated.js';
import { bytesOf, decodeMessage } from './message.js';
import { toNumber } from './numbers.js';

const { v1 } = headwater;

export function encodeDatabaseSizeRequest(): Buffer {
  return v1.DatabaseSizeRequest.encode({}).finish() as Buffer;
}

export function decodeDatabaseSizeRequest(bytes: Buffer): void {
  decodeMessage('DatabaseSizeRequest', bytes, v1.DatabaseSizeRequest);
}

export function encodeDatabaseSizeResponse(keys: number): Buffer {
  return v1.DatabaseSizeResponse.encode({ keys }).finish() as Buffer;
}

export function decodeDatabaseSizeResponse(bytes: Buffer): number {
  return toNumber(decodeMessage('DatabaseSizeResponse', bytes, v1.DatabaseSizeResponse).keys, 'keys');
}

export function encodeKeysRequest(pattern: Uint8Array): Buffer {
  return v1.KeysRequest.encode({ pattern }).finish() as Buffer;
}

export function decodeKeysRequest(bytes: Buffer): Buffer {
  return bytesOf(decodeMessage('KeysRequest', bytes, v1.KeysRequest).pattern);
}

export function encodeKeysResponse(keys: readonly Buffer[]): Buffer {
  return v1.KeysResponse.encode({ keys: keys as Buffer[] }).finish() as Buffer;
}

export function decodeKeysResponse(bytes: Buffer): Buffer[] {
  return decodeMessage('KeysResponse', bytes, v1.KeysResponse).keys.map(bytesOf);
}

export function encodeScanRequest(request: ScanRequest): Buffer {
  return v1.ScanRequest.encode(request).finish() as Buffer;
}

export function decodeScanRequest(bytes: Buffer): ScanRequest {
  const { pattern, keysOnly } = decodeMessage('ScanRequest', bytes, v1.ScanRequest);
  return { pattern: bytesOf(pattern), keysOnly };
}

export function encodeScanResponse({ records, offset }: ScanResponse): Buffer {
  return v1.ScanResponse.encode({ records: records as ScannedRecord[], offset }).finish() as Buffer;
}

export function decodeScanResponse(bytes: Buffer): ScanResponse {
  const message = decodeMessage('ScanResponse', bytes, v1.ScanResponse);
  const records = message.records.map((record) => ({
    key: bytesOf(record.key),
    value: bytesOf(record.value),
    type: record.type ?? '',
    expiresAtMs: toNumber(record.expiresAtMs, 'expires_at_ms'),
    version: toNumber(record.version, 'version'),
  }));
  return { records, offset: toNumber(message.offset, 'offset') };
}
