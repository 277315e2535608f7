import type { ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { startPull } from '../src/edge/pull/pull.ts';
import { addKeyServerClient, initKeyServer } from '../src/keyless/issue.ts';
import { newLog } from '../src/kit/log.ts';
import { elsewhereText } from '../src/pack/key-elsewhere.ts';
import { builtTerminator, givenToken } from '../test/support/keyless.ts';
import { type Made, make, pemOf } from '../test/support/pki.ts';
import { freePort } from '../test/support/ports.ts';
import { cpuSeconds, median, start, until } from './edge-process.ts';

export interface KeylessNumbers {
  readonly seconds: number;
  readonly repetitions: number;
  readonly parallel: number;
}

const KINDS = ['file', 'token', 'key_server'] as const;
type Kind = (typeof KINDS)[number];

/** What one way of having keys does: medians; the ratio to a key in a file is taken within each repetition. */
interface Figures {
  readonly per_s: number;
  /** By the processor time of the edge with its terminators, and of the key server where there is one. */
  readonly per_core_second: number;
  readonly ratio: number;
  readonly failed: number;
}

/**
 * Shakes hands with one edge for names whose keys are in a file, in a token of SoftHSM2 and behind a key server, in turns: TLS 1.3,
 * ECDSA P-256, a connection each, the certificate that is shown compared.
 */
export async function keylessBench(
  numbers: KeylessNumbers,
  say: (what: string) => void,
): Promise<Readonly<Record<Kind, Figures>>> {
  await using ends = new AsyncDisposableStack();
  const { port, processes, made } = await startAll(ends);
  const seen = new Map<Kind, Seen[]>(KINDS.map((kind) => [kind, []]));
  // The first round is to warm up.
  for (let i = 0; i <= numbers.repetitions; i++)
    for (const kind of KINDS) {
      const one = await measure({ port, one: made[kind], host: hostOf(kind), processes, ...numbers });
      if (i === 0) continue;
      seen.get(kind)?.push(one);
      say(
        `${i}: ${kind} ${Math.round(one.per_s)}/s, ${Math.round(one.perCore)} a core-second, ${one.failed} failed`,
      );
    }
  return {
    file: figures(seen, 'file'),
    token: figures(seen, 'token'),
    key_server: figures(seen, 'key_server'),
  };
}

const hostOf = (kind: Kind): string => `${kind.replace('_', '-')}.bench.test`;

/** The edge and the key server as processes of their own, and the certificates. */
async function startAll(ends: AsyncDisposableStack) {
  const dir = mkdtempSync(join(tmpdir(), 'certpacks-bench-keyless-'));
  ends.defer(() => rmSync(dir, { recursive: true, force: true }));
  const of = (kind: Kind) => make(new Date(), { hosts: [hostOf(kind)] });
  const made = { file: await of('file'), token: await of('token'), key_server: await of('key_server') };
  const keys = join(dir, 'keys');
  await initKeyServer(keys, ['127.0.0.1'], new Date());
  const client = await addKeyServerClient(keys, 'edge', new Date());
  writeFileSync(join(keys, 'keys', 'one.pem'), pemOf(made.key_server), { mode: 0o600 });
  const token = givenToken(ends, 'bench', { one: made.token.key });
  const at = await freePort();
  const server = start(
    ends,
    ['key-server', '--dir', keys, '--host', '127.0.0.1', '--port', `${at}`, '--per-second', '1000000'],
    {},
  );
  const places: Readonly<Record<Kind, string>> = {
    file: pemOf(made.file),
    token: elsewhereText('pkcs11:token=bench;object=one', 1),
    key_server: elsewhereText('127.0.0.1', at),
  };
  const path = join(dir, 'edge', 'pull.sock');
  mkdirSync(join(dir, 'edge'), { mode: 0o700 });
  await startSource(ends, path, { made, places });
  const port = await freePort();
  const edge = start(ends, ['edge', '--pull', path, '--host', '127.0.0.1', '--port', `${port}`], {
    keyless_program: await builtTerminator(),
    key_servers: `127.0.0.1:${at}`,
    key_server_cert_file: client.cert,
    key_server_key_file: client.key,
    key_server_ca_file: join(keys, 'ca.pem'),
    pkcs11_module: token.options.pkcs11_module ?? '',
    pkcs11_pin: token.options.pkcs11_pin ?? '',
    data_dir: dir,
  });
  await until(
    async () =>
      (await shake(port, hostOf('file'), made.file)) &&
      (await shake(port, hostOf('key_server'), made.key_server)),
  );
  return { port, processes: [edge, server], made };
}

/** Hands the packs to the edge, as the service does. */
async function startSource(
  ends: AsyncDisposableStack,
  path: string,
  {
    made,
    places,
  }: { readonly made: Readonly<Record<Kind, Made>>; readonly places: Readonly<Record<Kind, string>> },
): Promise<void> {
  const pull = await startPull({
    path,
    log: newLog('silent'),
    source: {
      packFor: async (name) => {
        const kind = KINDS.find((one) => hostOf(one) === name);
        if (!kind) return undefined;
        const ecdsa = { chain: made[kind].pem, key: places[kind] };
        return { packId: kind, hosts: [name], certificates: { ecdsa } };
      },
      fileFor: async () => undefined,
    },
  });
  ends.defer(() => pull.close());
}

interface Seen {
  readonly per_s: number;
  readonly perCore: number;
  readonly failed: number;
}

interface Load extends KeylessNumbers {
  readonly port: number;
  readonly host: string;
  readonly one: Made;
  readonly processes: readonly ChildProcess[];
}

async function measure({ port, host, one, processes, seconds, parallel }: Load): Promise<Seen> {
  const before = cpuSeconds(processes);
  const begun = performance.now();
  let [done, failed] = [0, 0];
  const client = async () => {
    while (performance.now() - begun < seconds * 1_000)
      if (await shake(port, host, one)) done++;
      else failed++;
  };
  await Promise.all(Array.from({ length: parallel }, client));
  const took = (performance.now() - begun) / 1_000;
  return { per_s: done / took, perCore: done / (cpuSeconds(processes) - before), failed };
}

/** Whether the certificate is shown in a handshake. */
function shake(port: number, servername: string, { pem }: Made): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  // Trusting just that one, it goes through where that one is shown.
  const socket = connect({ host: '127.0.0.1', port, servername, ca: pem, minVersion: 'TLSv1.3' }, () => {
    resolve(socket.authorized);
    socket.destroy();
  });
  socket.on('error', () => resolve(false));
  return promise;
}

function figures(seen: ReadonlyMap<Kind, readonly Seen[]>, kind: Kind): Figures {
  const [own = [], file = []] = [seen.get(kind), seen.get('file')];
  return {
    per_s: Math.round(median(own.map(({ per_s }) => per_s))),
    per_core_second: Math.round(median(own.map(({ perCore }) => perCore))),
    ratio:
      Math.round(median(own.map(({ perCore }, i) => perCore / (file[i]?.perCore ?? Number.NaN))) * 100) / 100,
    failed: own.reduce((sum, { failed }) => sum + failed, 0),
  };
}
