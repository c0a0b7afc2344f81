/** The rules by which a real API server of Kubernetes (1.20 and later) refuses a Lease, and its answers. */
import type { LeaseObject } from '../../src/cluster/kubernetes/api.js';

export interface Refusal {
  readonly code: number;
  readonly message: string;
  readonly details?: { readonly kind: string; readonly name: string };
}

const ANNOTATIONS_BYTES_MAX = 256 * 1024;
const NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
/** Six digits, no more and no fewer. */
const MICRO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)$/;
const INT32_MAX = 2 ** 31 - 1;

/** A status object, as the server sends it with each refusal. */
export function statusOf({ code, message, details }: Refusal): object {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', code, message, details };
}

export function notFound(kind: string, name: string): Refusal {
  const group = kind === 'leases' ? '.coordination.k8s.io' : '';
  return { code: 404, message: `${kind}${group} "${name}" not found`, details: { kind, name } };
}

/** Undefined if the server takes the object. */
export function whyRefused(
  lease: LeaseObject,
  { method, namespace, name }: { readonly method: string; readonly namespace: string; readonly name: string },
  present: LeaseObject | undefined,
): Refusal | undefined {
  const { metadata, spec = {} } = lease;
  const bad = (message: string) => ({ code: 400, message });
  if (lease.apiVersion !== 'coordination.k8s.io/v1' || lease.kind !== 'Lease') return bad('expected a Lease');
  for (const time of [spec.acquireTime, spec.renewTime])
    if (time !== undefined && !MICRO_TIME.test(time))
      return bad(`parsing time "${time}" as "2006-01-02T15:04:05.000000Z07:00"`);
  for (const count of [spec.leaseDurationSeconds, spec.leaseTransitions])
    if (count !== undefined && !(Number.isInteger(count) && Math.abs(count) <= INT32_MAX))
      return bad(`cannot unmarshal number ${count} into Go value of type int32`);
  if (metadata.namespace !== namespace)
    return bad('the namespace of the object does not match the namespace on the URL');
  if (metadata.name !== name) return bad('the name of the object does not match the name on the URL');
  return method === 'POST' ? notCreated(lease, present) : (notReplaced(lease, present) ?? invalid(lease));
}

function notCreated(lease: LeaseObject, present: LeaseObject | undefined): Refusal | undefined {
  const { name, resourceVersion } = lease.metadata;
  if (resourceVersion !== undefined)
    return { code: 500, message: 'resourceVersion should not be set on objects to be created' };
  if (present) return { code: 409, message: `leases.coordination.k8s.io "${name}" already exists` };
  return invalid(lease);
}

/** A replacement that names no `uid` creates a Lease that is not there. */
function notReplaced({ metadata }: LeaseObject, present: LeaseObject | undefined): Refusal | undefined {
  const { name, resourceVersion, uid } = metadata;
  const conflict = (why: string) => ({
    code: 409,
    message: `Operation cannot be fulfilled on leases.coordination.k8s.io "${name}": ${why}`,
  });
  if (uid !== undefined && uid !== present?.metadata.uid)
    return conflict(
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${present?.metadata.uid ?? ''}`,
    );
  if (!present) return undefined;
  if (resourceVersion === undefined)
    return { code: 422, message: 'metadata.resourceVersion: Invalid value: 0x0: must be specified for an update' };
  if (resourceVersion === present.metadata.resourceVersion) return undefined;
  return conflict('the object has been modified; please apply your changes to the latest version and try again');
}

function invalid({ metadata, spec = {} }: LeaseObject): Refusal | undefined {
  const { name, annotations = {} } = metadata;
  const refuse = (why: string) => ({ code: 422, message: `Lease.coordination.k8s.io "${name}" is invalid: ${why}` });
  if (!NAME.test(name) || name.length > 253) return refuse(`metadata.name: Invalid value: "${name}"`);
  const bytes = Object.entries(annotations).flat().join('').length;
  if (bytes > ANNOTATIONS_BYTES_MAX)
    return refuse(`metadata.annotations: Too long: must have at most ${ANNOTATIONS_BYTES_MAX} bytes`);
  const { leaseDurationSeconds = 1, leaseTransitions = 0 } = spec;
  if (leaseDurationSeconds <= 0)
    return refuse(`spec.leaseDurationSeconds: Invalid value: ${leaseDurationSeconds}: must be greater than 0`);
  if (leaseTransitions < 0)
    return refuse(`spec.leaseTransitions: Invalid value: ${leaseTransitions}: must be greater or equal than 0`);
  return undefined;
}
