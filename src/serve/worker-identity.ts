import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';

const Slot = Compile(
  Type.Object({
    worker: Type.String({ pattern: '^[0-9a-f]{16}$' }),
    pid: Type.Integer(),
    began: Type.String(),
  }),
);

/** More processes than anybody runs on one folder. */
const MOST_SLOTS = 1_000;

/**
 * The name under which the workers of this process have packs in their hands. It is that of an ended process of the same
 * folder, where there is one: what that had in its hands when it was killed is freed at once by whoever has its name.
 */
export function takeIdentity(dir: string): string {
  const folder = join(dir, 'workers');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (let n = 0; n < MOST_SLOTS; n++) {
    const path = join(folder, String(n));
    const worker = vacate(path);
    if (worker !== undefined && occupy(path, worker)) return worker;
  }
  return newName(); // its leases end by time
}

/** Name of a slot that nobody has, now free to be occupied; undefined where a living process has it. */
function vacate(path: string): string | undefined {
  const slot = readSlot(path);
  if (slot === 'none') return newName();
  if (slot !== 'unreadable' && beginningOf(slot.pid) === slot.began) return undefined;
  // Of several that find it at once one moves it away.
  const away = `${path}.${process.pid}`;
  try {
    renameSync(path, away);
  } catch {
    return undefined;
  }
  rmSync(away, { force: true });
  return slot === 'unreadable' ? newName() : slot.worker;
}

function occupy(path: string, worker: string): boolean {
  const own = `${path}.${process.pid}.new`;
  const began = beginningOf(process.pid) ?? '';
  writeFileSync(own, JSON.stringify({ worker, pid: process.pid, began }), { mode: 0o600 });
  try {
    linkSync(own, path);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(own, { force: true });
  }
}

function readSlot(path: string) {
  try {
    const slot: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return Slot.Check(slot) ? slot : ('unreadable' as const);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT' ? 'none' : 'unreadable';
  }
}

/**
 * When a process began, as the system counts; undefined: there is none. Tells a process from a later one with its number.
 * Where the system does not say, a number that is in use is taken for the same process.
 */
function beginningOf(pid: number): string | undefined {
  try {
    // After the name of the program, which may hold anything: the 20th field from there (proc(5), starttime).
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ');
    return fields?.[0] === 'Z' ? undefined : fields?.[19];
  } catch {
    if (process.platform === 'linux') return undefined;
  }
  try {
    process.kill(pid, 0);
    return '';
  } catch {
    return undefined;
  }
}

const newName = (): string => randomBytes(8).toString('hex');
