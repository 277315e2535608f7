/**
 * The program: `node process.ts '<SimulatorOptions as JSON>'`. One line of JSON on stdout (`SimulatorReady`) when
 * all listens, logs on stderr; ends on SIGTERM and SIGINT, and with its parent where it was told so.
 */
import { enableCompileCache } from 'node:module';
import { isIPv4 } from 'node:net';
import { join } from 'node:path';
import { Fault, wordsOf } from '../kit/fault.ts';
import type { SimulatorOptions } from './simulator.ts';

/** Milliseconds for a clean end; what is kept is kept already, so a hard one loses nothing. */
const PATIENCE_MS = 3_000;

async function run(options: SimulatorOptions): Promise<void> {
  // Halves the time of a start; it has to come before the imports that it is for.
  enableCompileCache(join(import.meta.dirname, '../../node_modules/.cache/certpacks'));
  const { startWorld } = await import('./world.ts');
  const world = await startWorld(options);
  onEnd(options, () => world.close());
  process.stdout.write(`${JSON.stringify(world.ready)}\n`);
  await world.warmUp();
}

function onEnd({ endsWithParent }: SimulatorOptions, close: () => Promise<void>): void {
  let isEnding = false;
  const end = async () => {
    if (isEnding) return;
    isEnding = true;
    setTimeout(() => process.exit(1), PATIENCE_MS).unref();
    await close();
    process.exit(0);
  };
  process.on('SIGTERM', () => void end());
  process.on('SIGINT', () => void end());
  if (!endsWithParent) return;
  process.stdin.on('error', () => void end());
  process.stdin.on('close', () => void end());
  process.stdin.resume();
}

/** Throws `configuration` for what is no `SimulatorOptions`. */
function readOptions(text: string | undefined): SimulatorOptions {
  try {
    const options: SimulatorOptions = JSON.parse(text ?? '');
    const { dir, aheadSeconds, dnsPort, httpPort = 80, nameServers, smtp } = options;
    const isPort = [dnsPort, httpPort, smtp?.port ?? 0].every(
      (port) => Number.isInteger(port) && port >= 0 && port < 65_536,
    );
    const isServers = nameServers.every(({ name, address }) => typeof name === 'string' && isIPv4(address));
    if (dir !== '' && Number.isFinite(aheadSeconds) && isPort && isServers) return options;
  } catch {
    // Not JSON, or of another shape: said below.
  }
  throw new Fault('configuration', "usage: node process.ts '<SimulatorOptions as JSON>'");
}

try {
  await run(readOptions(process.argv[2]));
} catch (error) {
  process.stderr.write(`${error instanceof Fault ? wordsOf(error) : String(error)}\n`);
  process.exit(1);
}
