import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SimulatorOptions } from '../../../src/simulator/simulator.ts';
import { startWorld, type World } from '../../../src/simulator/world.ts';

/** What runs something after a test: its context, or the module for all tests of a file. */
export interface After {
  after(fn: () => void | Promise<void>): void;
}

/** Options of a world on free ports, in a folder that is removed after the test. */
export function givenOptions(t: After): SimulatorOptions {
  const dir = mkdtempSync(join(tmpdir(), 'certpacks-simulator-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const nameServers = [{ name: 'ns1.certpacks.test', address: '127.0.0.3' }];
  return { dir, aheadSeconds: 0, dnsPort: 0, nameServers, endsWithParent: true };
}

/** A world in this process, closed and removed after the test. */
export async function givenWorld(t: After): Promise<World> {
  const world = await startWorld(givenOptions(t));
  t.after(() => world.close());
  return world;
}

/** What a control interface answers, as far as tests look at it. */
export interface ControlBody {
  readonly error?: string;
  readonly now?: string;
  readonly values?: readonly string[];
  readonly requests?: number;
  readonly directory?: string;
  readonly root_pem?: string;
  readonly eab?: { readonly kid: string; readonly hmac_key: string };
  readonly cas?: Readonly<Record<string, { readonly certificates: number; readonly orders: number }>>;
  readonly certificates?: readonly Readonly<Record<string, unknown>>[];
  readonly faults?: readonly object[];
}

/** One call of a control interface, e.g. `POST /clock`. */
export async function control(url: string, call: string, body?: unknown) {
  const [method = '', path = ''] = call.split(' ');
  const sent = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) };
  const answer = await fetch(`${url}${path}`, { method, ...sent, signal: AbortSignal.timeout(10_000) });
  const said: ControlBody = JSON.parse(await answer.text());
  return { status: answer.status, body: said };
}
