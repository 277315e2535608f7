/** For tests of the driver for HAProxy: the real one, with the configuration of the example. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { EdgeInHand } from '../../../src/edge/driver.ts';
import { haproxyDriver } from '../../../src/edge/haproxy/haproxy.ts';
import { RuntimeApi } from '../../../src/edge/haproxy/runtime-api.ts';
import { needs } from '../peers.ts';
import { freePort } from '../ports.ts';
import { quiet } from './given-service.ts';
import { until } from './placed-packs.ts';

const PROGRAM = '/usr/sbin/haproxy';

/** Options for a test that needs HAProxy. */
export const haproxyNeeds = () => needs(PROGRAM, 'haproxy');

const EXAMPLE = new URL('../../../examples/haproxy/haproxy.cfg', import.meta.url);

/** A running HAProxy with an edge in hand. */
export class GivenHaproxy {
  readonly dir = mkdtempSync(join(tmpdir(), 'certpacks-haproxy-'));
  readonly folder = join(this.dir, 'certificates');
  readonly crtList = join(this.dir, 'certpacks.list');
  readonly socket = join(this.dir, 'runtime.sock');
  readonly edge: { readonly name: string; readonly host: string; readonly port: number };
  readonly #said: string[] = [];
  #master: ChildProcess | undefined;

  constructor(port: number) {
    this.edge = { name: 'haproxy', host: '127.0.0.1', port };
  }

  /** Writes the example with places of its own; `more` are lines for its section `global`. */
  configure(more = ''): void {
    const text = readFileSync(EXAMPLE, 'utf8')
      .replace('/run/haproxy/certpacks.sock', this.socket)
      .replace('/etc/haproxy/certpacks.list', this.crtList)
      .replace('bind :443', `bind 127.0.0.1:${this.edge.port}`)
      .replace('global\n', `global\n    ${more}\n`);
    writeFileSync(this.config, text);
  }

  get config(): string {
    return join(this.dir, 'haproxy.cfg');
  }

  async start(seconds = 5): Promise<void> {
    const child = spawn(PROGRAM, ['-W', '-db', '-f', this.config], { stdio: ['ignore', 'ignore', 'pipe'] });
    child.stderr.on('data', (chunk: Buffer) => this.#said.push(chunk.toString()));
    this.#master = child;
    await until(() => this.#isListening(), seconds);
  }

  /** Ends it and all its processes. */
  async stop(): Promise<void> {
    const child = this.#master;
    this.#master = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit', { signal: AbortSignal.timeout(5_000) });
  }

  /** Has it read its files anew, as `systemctl reload` does, and waits for the process that did. */
  async reload(): Promise<void> {
    const before = await this.pid();
    let next = 0;
    await until(async () => {
      // A master that still begins does not hear it.
      if (performance.now() >= next) {
        this.#master?.kill('SIGUSR2');
        next = performance.now() + 1_500;
      }
      return (await this.pid().catch(() => before)) !== before;
    });
  }

  async pid(): Promise<string> {
    return /^Pid: (\d+)$/m.exec(await this.ask('show info'))?.[1] ?? '';
  }

  /** What it answers to a command of the runtime API. */
  async ask(command: string): Promise<string> {
    using api = await RuntimeApi.connect({ path: this.socket }, AbortSignal.timeout(5_000));
    return await api.ask(command);
  }

  /** Everything that it said about itself. */
  get said(): string {
    return this.#said.join('');
  }

  open(): Promise<EdgeInHand> {
    const { socket, crtList, folder, dir, edge } = this;
    return haproxyDriver.open(
      { socket, crt_list: crtList, folder },
      { log: quiet(), dir, address: edge, packFor: async () => undefined, fileFor: async () => undefined },
    );
  }

  async #isListening(): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const probe = connect(this.socket);
    probe.once('connect', () => resolve(true)).once('error', () => resolve(false));
    return promise.finally(() => probe.destroy());
  }
}

/** A HAProxy that runs until the test is over, and the edge in hand. */
export async function givenHaproxy(
  t: TestContext,
  more = '',
): Promise<{ haproxy: GivenHaproxy; edge: EdgeInHand }> {
  const haproxy = new GivenHaproxy(await freePort());
  t.after(async () => {
    await haproxy.stop();
    rmSync(haproxy.dir, { recursive: true, force: true });
  });
  haproxy.configure(more);
  const edge = await haproxy.open();
  t.after(() => edge.close());
  await haproxy.start();
  return { haproxy, edge };
}
