/**
 * The attempts of each request to a bucket, for the SDK. The rule of the SDK spends a budget over all requests. A
 * provider that is slow for a minute would end an upload of hours. Here every request has its own attempts.
 */
import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { doubledMs } from '../base/back-off.js';
import { BUCKET_ATTEMPTS, BUCKET_RETRY_MS_MAX, BUCKET_RETRY_MS_MIN } from '../base/limits.js';
import { mayPass } from './bucket-errors.js';

type Retries = Exclude<NonNullable<S3ClientConfig['retryStrategy']>, { retry: unknown }>;

/** The wait before another attempt, after so many failures: up to a half shorter at random, so that clients part. */
export function bucketRetryMs(failures: number): number {
  return doubledMs(BUCKET_RETRY_MS_MIN, failures - 1, BUCKET_RETRY_MS_MAX) * (1 - Math.random() / 2);
}

function token(failures: number) {
  const delayMs = failures === 0 ? 0 : bucketRetryMs(failures);
  return { getRetryCount: () => failures, getRetryDelay: () => delayMs };
}

/** @param ended no request is tried again, and none begins, once it has aborted. */
export function bucketRetries(ended?: AbortSignal): Retries {
  return {
    async acquireInitialRetryToken() {
      ended?.throwIfAborted();
      return token(0);
    },
    async refreshRetryTokenForRetry(before, { error }) {
      ended?.throwIfAborted();
      const failures = before.getRetryCount() + 1;
      if (failures >= BUCKET_ATTEMPTS || !mayPass(error)) throw error;
      return token(failures);
    },
    recordSuccess() {},
  };
}
