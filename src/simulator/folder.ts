import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Fault } from '../kit/fault.ts';
import { readJson, writeJson } from './files.ts';

/** Who uses the folder: two processes on one journal would destroy it. */
interface Note {
  readonly pid: number;
  /** URL of its control interface: a number alone may be another process's by now. */
  readonly control: string;
}

/** Milliseconds that a process which is just ending is waited for. */
const PATIENCE_MS = 3_000;

/** Makes the folder where it is missing. Throws `configuration` when another simulator uses it. */
export async function openFolder(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const end = Date.now() + PATIENCE_MS;
  for (let note = userOf(dir); note && (await isAtWork(note)); note = userOf(dir)) {
    if (Date.now() > end) {
      throw new Fault(
        'configuration',
        `${dir} is in use by the simulator with process id ${note.pid}; stop it first`,
      );
    }
    await pause(50);
  }
}

/** Marks the folder as in use by this process. */
export const markFolder = (dir: string, control: string): Promise<void> =>
  writeJson(noteIn(dir), { pid: process.pid, control } satisfies Note);

/** Marks the folder as free. */
export const leaveFolder = (dir: string): Promise<void> => rm(noteIn(dir), { force: true });

const noteIn = (dir: string): string => join(dir, 'running.json');

const userOf = (dir: string) => readJson<Note | undefined>(noteIn(dir), undefined);

async function isAtWork({ pid, control }: Note): Promise<boolean> {
  try {
    process.kill(pid, 0);
    const answer = await fetch(`${control}/state`, { signal: AbortSignal.timeout(1_000) });
    return answer.ok;
  } catch {
    return false;
  }
}
