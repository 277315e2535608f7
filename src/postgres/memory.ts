import { totalmem } from 'node:os';

const MIB = 2 ** 20;

/**
 * Memory in bytes that this process and its children may use: the machine's, or the limit of the container (control
 * group) where that is less. No limit is told as 0, or as more than there is.
 */
export const ownMemory = (machine = totalmem(), limit = process.constrainedMemory()): number =>
  limit > 0 ? Math.min(machine, limit) : machine;

/** An eighth of the machine's memory: the service, the kernel's own cache of files and other programs have the rest. */
const SHARE = 8;
/** PostgreSQL's own default, in MiB; and as much as still gains something. */
const [LEAST, MOST] = [128, 4_096];

/** Memory, in MiB, in which the database keeps what it read, unless told: by the machine's memory, in bytes. */
export const usualBuffers = (memory: number): number => within(memory / MIB / SHARE, LEAST, MOST);

/**
 * Settings of PostgreSQL that follow the memory, in MiB, in which it keeps what it read. Of that memory a server takes
 * only what it comes to use, and about a fortieth at its start.
 */
export const memorySettings = (buffers: number): Readonly<Record<string, string>> => ({
  shared_buffers: `${buffers}MB`,
  // What the planner takes to be in memory: these buffers, and the kernel's copies of as much again.
  effective_cache_size: `${2 * buffers}MB`,
  maintenance_work_mem: `${within(buffers / 8, 64, 512)}MB`,
  work_mem: `${within(buffers / 256, 4, 16)}MB`,
});

const within = (n: number, least: number, most: number): number =>
  Math.floor(Math.min(Math.max(n, least), most));
