/** For tests of the driver for files: a folder, and hooks that count their runs. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EdgeInHand } from '../../../src/edge/driver.ts';
import { filesDriver } from '../../../src/edge/files/files.ts';
import { quiet } from './given-service.ts';

export interface GivenFiles {
  readonly dir: string;
  /** Where the files go. */
  readonly folder: string;
  /** A hook of `sh` that counts its runs; `$dir` and `$folder` are set. */
  readonly script: (lines: string) => readonly string[];
  /** How often the hook was run. */
  readonly runs: () => number;
  readonly open: (options?: Readonly<Record<string, unknown>>) => Promise<EdgeInHand>;
}

/** A folder for files, which goes when the test is over. Hooks have no rest between runs unless told. */
export function givenFiles(t: { after(end: () => void): void }): GivenFiles {
  const dir = mkdtempSync(join(tmpdir(), 'certpacks-files-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const folder = join(dir, 'tls');
  mkdirSync(folder);
  const counted = join(dir, 'runs');
  let scripts = 0;
  return {
    dir,
    folder,
    script: (lines) => {
      const path = join(dir, `hook-${++scripts}`);
      writeFileSync(path, `#!/bin/sh\ndir=${dir} folder=${folder}\necho run >> ${counted}\n${lines}\n`);
      chmodSync(path, 0o700);
      return [path];
    },
    runs: () => (existsSync(counted) ? readFileSync(counted, 'utf8').trim().split('\n').length : 0),
    open: (options = {}) =>
      filesDriver.open(
        { folder, hook_interval_s: 0, ...options },
        {
          log: quiet(),
          dir,
          address: { host: '127.0.0.1', port: 1 },
          packFor: async () => undefined,
          fileFor: async () => undefined,
        },
      ),
  };
}
