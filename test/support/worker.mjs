/** A thread of the sources: tsx, through which tests load them, does not reach into threads by itself. */
import { workerData } from 'node:worker_threads';
import { register } from 'tsx/esm/api';

register();
await import(workerData);
