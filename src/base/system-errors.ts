/**
 * Refusals of the operating system (ENOENT and so on) in words for people. Node says "ENOENT: no such file or
 * directory, open 'x'"; a message that already names the file needs only the middle part.
 */

/** Refusals of the name that was given: another name, or other rights, would succeed. */
const OF_THE_NAME: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EISDIR: 'expected a file, received a directory',
  ENOTDIR: 'a part of the path is a file, not a directory',
  EEXIST: 'a file or directory of this name exists already',
  ENAMETOOLONG: 'the name is too long',
  ELOOP: 'too many symbolic links in the path',
  EROFS: 'the file system is read-only',
  EINVAL: 'the system does not accept this name or operation',
  ENXIO: 'no such device, or no process at the other end',
  ENODEV: 'no such device',
  ETXTBSY: 'the file is a running program',
  ERR_INVALID_ARG_VALUE: 'the name contains a null byte',
};

/** Refusals of the machine: the name is good, but the machine fails or has no more to give. */
const OF_THE_MACHINE: Readonly<Record<string, string>> = {
  ENOSPC: 'no space left on the disk',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file is too large for the file system or the limits of this process',
  EIO: 'the disk reports an input/output error',
  EMFILE: 'this process has too many open files (ulimit -n)',
  ENFILE: 'this machine has too many open files',
  ENOMEM: 'the machine is out of memory',
  EBUSY: 'the file or device is in use',
  EPIPE: 'the reading end was closed',
  EAGAIN: 'the resource is busy',
  ENOTSUP: 'the file system does not support this',
};

/** Why the system refused, without the code, the call and the path. For any other error, its message. */
export function systemReason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return OF_THE_NAME[code ?? ''] ?? OF_THE_MACHINE[code ?? ''] ?? message;
}

/** Whether the error is the operating system's, with none of Headwater's codes. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  if (!(error instanceof Error)) return false;
  return 'syscall' in error || (error as NodeJS.ErrnoException).code === 'ERR_INVALID_ARG_VALUE';
}

/** Whether another name, or other rights, would have succeeded. */
export function isNameRefused(error: unknown): boolean {
  return ((error as NodeJS.ErrnoException).code ?? '') in OF_THE_NAME;
}
