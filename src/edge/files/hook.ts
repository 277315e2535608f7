import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import type { Seconds } from '../../kit/time.ts';

/** The program that tells whoever reads the files that they changed. */
export interface HookOptions {
  readonly command: readonly [string, ...string[]];
  /** Longest that it may run. */
  readonly within: Seconds;
  /** Least time from the end of one run to the begin of the next. */
  readonly interval: Seconds;
}

/** Bytes of its output that are kept. */
const MOST_OUTPUT = 2_000;

/** Runs a program without a shell, one run at a time, and not too often. */
export class Hook {
  readonly #options: HookOptions;
  #last = Number.NEGATIVE_INFINITY;

  constructor(options: HookOptions) {
    this.#options = options;
  }

  /** Runs it once. Undefined: it went well; else in words what did not, with the end of its output, on one line. */
  async run(signal: AbortSignal): Promise<string | undefined> {
    const wait = this.#last + this.#options.interval * 1_000 - performance.now();
    if (wait > 0) await delay(wait, undefined, { signal });
    try {
      return await this.#once();
    } finally {
      this.#last = performance.now();
    }
  }

  async #once(): Promise<string | undefined> {
    const [program, ...rest] = this.#options.command;
    const child = spawn(program, rest, {
      cwd: '/',
      env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own, so that what it started ends with it.
      detached: true,
    });
    let output = Buffer.alloc(0);
    const keep = (chunk: Buffer) => {
      output = Buffer.concat([output, chunk]).subarray(-MOST_OUTPUT);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    const timer = setTimeout(() => {
      kill(child.pid);
      resolve(`ran longer than ${this.#options.within} s and was ended`);
    }, this.#options.within * 1_000);
    child.once('error', (error: NodeJS.ErrnoException) => resolve(`cannot be started (${error.code})`));
    // Not `close`: a daemon that it started may keep the output open.
    child.once('exit', (code, by) =>
      setImmediate(resolve, code === 0 ? undefined : `ended with ${by ?? code}`),
    );
    const why = await promise.finally(() => clearTimeout(timer));
    for (const stream of [child.stdout, child.stderr]) stream.destroy();
    return why === undefined ? undefined : `hook ${program} ${why}${sayingOf(output.toString())}`;
  }
}

function kill(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

/** The output may go to whoever reads why a pack was refused, and has nothing to do with keys. */
function sayingOf(output: string): string {
  if (/PRIVATE KEY/.test(output)) return '; its output has a private key in it and is not shown';
  const line = output.replaceAll(/[^\x20-\x7e]+/g, ' ').trim();
  return line === '' ? '; it said nothing' : `; it said: ${line.slice(-300)}`;
}
