import { execFile } from 'node:child_process';
import { mkdirSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Fault } from '../kit/fault.ts';

const SOURCES = ['terminator.c', 'token.c'].map((name) =>
  fileURLToPath(new URL(`native/${name}`, import.meta.url)),
);
const FLAGS = [
  '-O2',
  '-std=gnu11',
  '-Wall',
  '-fstack-protector-strong',
  '-D_FORTIFY_SOURCE=2',
  '-fPIE',
  '-pie',
  '-Wl,-z,relro,-z,now',
];
const LIBRARIES = ['-lssl', '-lcrypto', '-ldl', '-lpthread'];

/** Compiles the terminator for this machine. Throws `configuration` where there is no C compiler or no OpenSSL 3 to build with. */
export async function buildTerminator(path: string, compiler = 'cc'): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}`;
  try {
    await promisify(execFile)(compiler, [...FLAGS, '-o', draft, ...SOURCES, ...LIBRARIES], {
      timeout: 120_000,
    });
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    const why = isMissing ? `there is no C compiler ${compiler}` : 'the compiler refused';
    const words = cause instanceof Error && 'stderr' in cause ? `\n${String(cause.stderr).trim()}` : '';
    throw new Fault(
      'configuration',
      `the terminator cannot be built: ${why}; it takes a C compiler and OpenSSL 3 (Debian: gcc, libc6-dev, libssl-dev)${words}`,
      { cause },
    );
  }
  // Whoever starts it meanwhile gets the old one or the new one.
  renameSync(draft, path);
}
