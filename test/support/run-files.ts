/**
 * Runs files of tests by Node's runner, as `npm test` and `npm run test:databases` do. A few files that fail are run a second time,
 * one after the other with nothing beside them: what only a crowded machine breaks passes then, and is named at the end; what is
 * broken fails again.
 */
import { once } from 'node:events';
import { relative } from 'node:path';
import { run } from 'node:test';
import { dot, spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';
import { globalSetup, globalTeardown } from './shared-server.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Longest time of one test. */
const LIMIT_MS = 180_000;
/** Files beside each other. */
const AT_ONCE = 3;
/** Most files that are run a second time: more than that is no chance. */
const MOST_AGAIN = 4;

/** What is shown meanwhile: a line for each test, or a dot. */
export type Shown = 'spec' | 'dot';

/** Runs files, paths from the root, in their order. Whether every test passed, at once or alone. Throws for no file at all. */
export async function runTestFiles(files: readonly string[], shown: Shown): Promise<boolean> {
  if (files.length === 0) throw new Error('there is no file of tests to run');
  const stopped = new AbortController();
  const stop = (): void => stopped.abort();
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    await globalSetup();
    return (await runTwice(files, shown, stopped.signal)) && !stopped.signal.aborted;
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
    await globalTeardown();
  }
}

async function runTwice(files: readonly string[], shown: Shown, signal: AbortSignal): Promise<boolean> {
  const failed = await runOnce(files, AT_ONCE, shown, signal);
  // What failed in no file that can be run again stays red.
  const isKnown = failed.every((file) => files.includes(file));
  if (failed.length === 0 || failed.length > MOST_AGAIN || !isKnown || signal.aborted)
    return failed.length === 0;
  say(`Failed, and run again with nothing beside: ${failed.join(', ')}`);
  const again = await runOnce(failed, 1, shown, signal);
  const passed = failed.filter((file) => !again.includes(file));
  if (passed.length > 0) say(`Passed alone, after they failed beside others: ${passed.join(', ')}`);
  if (again.length > 0) say(`Failed twice: ${again.join(', ')}`);
  return again.length === 0;
}

const say = (what: string): void => void process.stderr.write(`${what}\n`);

/** The files that failed. */
async function runOnce(
  files: readonly string[],
  atOnce: number,
  shown: Shown,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const failed = new Set<string>();
  const tests = run({
    cwd: ROOT,
    files: files.map((file) => `${ROOT}${file}`),
    concurrency: atOnce,
    timeout: LIMIT_MS,
    signal,
  });
  tests.on('test:fail', ({ file, name }) => failed.add(relative(ROOT, file ?? name)));
  const report = shown === 'spec' ? tests.compose(spec) : tests.compose(dot);
  report.pipe(process.stdout, { end: false });
  await once(report, 'end');
  return [...failed];
}
