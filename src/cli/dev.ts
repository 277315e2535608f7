import { rmSync } from 'node:fs';
import { readFixtures } from '../dev/fixtures.ts';
import { openProgress } from '../dev/progress.ts';
import { startWorld, type World } from '../dev/world.ts';
import { Fault } from '../kit/fault.ts';
import { emailEnds } from '../pack/validity-limits.ts';
import { printJson } from './print.ts';
import { asked, placeFor, readSetting } from './process.ts';

interface DevOptions {
  readonly port?: number;
  readonly data?: string;
  readonly json?: boolean;
  readonly rateLimit?: number;
  readonly smtp?: string;
  readonly universal?: boolean;
  readonly fixtures?: string;
}

/** `certpacks dev`: the stand-in. Its state is temporary unless `--data` names a folder. */
export async function dev(options: DevOptions): Promise<void> {
  const { port, data, json, rateLimit, universal, smtp, fixtures: file } = options;
  const ending = asked(true);
  const { config, log } = readSetting(true);
  const fixtures = file === undefined ? undefined : readFixtures(file);
  const isTemporary = data === undefined;
  const dir = placeFor(config, data, isTemporary);
  try {
    const world = await startWorld({
      config,
      log,
      dir,
      port,
      rateLimit,
      isUniversalOn: universal,
      fixtures,
      smtp: smtp === undefined ? undefined : toSmtp(smtp),
    });
    if (json) printJson(lineOf(world));
    else introduce(world);
    await ending;
    await world.stop();
  } finally {
    if (isTemporary) rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Throws `configuration` for what is no host with a port. */
function toSmtp(text: string): { readonly host: string; readonly port: number } {
  const [, host, port] = /^([\w.-]+|\[[\da-f:.]+\]):(\d{1,5})$/i.exec(text) ?? [];
  if (host !== undefined && Number(port) > 0 && Number(port) < 65_536)
    return { host: host.replaceAll(/[[\]]/g, ''), port: Number(port) };
  throw new Fault('configuration', '--smtp must be HOST:PORT');
}

const lineOf = ({ api, token, accountId, dashboard, control, edges, dns }: World) => ({
  api,
  token,
  account_id: accountId,
  ...(dashboard !== undefined && { dashboard }),
  control,
  edges,
  dns,
});

function introduce(world: World): void {
  const screen = openProgress(process.stdout);
  screen.heading('certpacks dev is ready');
  screen.fact('API', world.api);
  if (world.dashboard !== undefined) screen.fact('dashboard', world.dashboard);
  screen.fact('token', world.token);
  screen.fact('account', world.accountId);
  screen.fact('control', world.control);
  screen.fact(
    'edges',
    Object.values(world.edges)
      .map(({ host, port }) => `${host}:${port}`)
      .join(', '),
  );
  screen.fact('mail', `${world.control}/mail (public CAs end validation by e-mail on ${emailEnds.on})`);
  screen.fact('DNS', `${world.dns.host}:${world.dns.port}`);
}
