/** The machine and the process of a node, as `doctor` looks at them. Undefined values are not known, or have no limit. */
export interface MachineReport {
  /** The clock of the machine, in milliseconds since the epoch. */
  readonly wallMs: number;
  /** The files and connections that the process has open. */
  readonly openFiles: number | undefined;
  /** The most that the process may have open. */
  readonly openFilesMax: number | undefined;
  /** The number below which the node warns. */
  readonly openFilesWanted: number;
  /** The memory of the machine. */
  readonly memoryBytes: number;
  /** The memory that programs can still get. */
  readonly memoryAvailableBytes: number | undefined;
  /** The memory that the process may use at the most, as a container sets it. */
  readonly memoryLimitBytes: number | undefined;
  /** The memory that the process occupies. */
  readonly residentBytes: number;
  /** The memory of the process that is in swap space. */
  readonly swappedBytes: number | undefined;
  /** The policy of the system for transparent huge pages: `always`, `madvise` or `never`. Empty if there is none. */
  readonly transparentHugepages: string;
  /** The type of the file system of the data directory, such as `ext4`, `tmpfs` or `nfs`. Empty if it is not known. */
  readonly fileSystem: string;
  /** The free bytes of that file system. */
  readonly diskFreeBytes: number | undefined;
  /** The size of that file system. */
  readonly diskBytes: number | undefined;
  /** The data directory. */
  readonly data: string;
  /** The version of Node.js. */
  readonly nodeVersion: string;
  /** The processors that the process may use. */
  readonly processors: number;
}
