import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** What one run of wrk measured. */
export interface Load {
  readonly per_s: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Bytes of an answer with its head, on average. */
  readonly bytes: number;
}

export interface LoadOptions {
  /** Origin, e.g. `http://127.0.0.1:8787`. */
  readonly origin: string;
  readonly token: string;
  /** Asked for in turn. */
  readonly paths: readonly string[];
  readonly seconds: number;
  readonly connections: number;
}

const SCRIPT = fileURLToPath(new URL('wrk.lua', import.meta.url));
const run = promisify(execFile);

/** Loads a server by wrk, from one thread. Throws where a request failed. */
export async function load({ origin, token, paths, seconds, connections }: LoadOptions): Promise<Load> {
  const dir = mkdtempSync(join(tmpdir(), 'certpacks-bench-'));
  try {
    const file = join(dir, 'paths');
    writeFileSync(file, `${paths.join('\n')}\n`);
    const how = [
      '-t1',
      `-c${connections}`,
      `-d${seconds}s`,
      '-s',
      SCRIPT,
      '-H',
      `Authorization: Bearer ${token}`,
    ];
    const { stdout } = await run('wrk', [...how, origin, '--', file]).catch(explain);
    const seen: Record<'requests' | 'microseconds' | 'bytes' | 'failed' | 'p50' | 'p99', number> = JSON.parse(
      stdout.trim().split('\n').at(-1) ?? '',
    );
    if (seen.failed > 0) throw new Error(`${seen.failed} of ${seen.requests} requests failed`);
    const { p50, p99 } = seen;
    return { per_s: seen.requests / (seen.microseconds / 1e6), bytes: seen.bytes / seen.requests, p50, p99 };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** Its own words alone: the command line has the token. */
function explain(error: unknown): never {
  const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
  throw new Error(`wrk failed: ${said}`);
}
