import { rmSync } from 'node:fs';
import { openProgress } from '../dev/progress.ts';
import { startWorld, type World } from '../dev/world.ts';
import { printJson } from './print.ts';
import { asked, placeFor, readSetting } from './process.ts';

interface DevOptions {
  readonly port?: number;
  readonly data?: string;
  readonly json?: boolean;
  readonly rateLimit?: number;
  readonly universal?: boolean;
}

/** `certpacks dev`: the stand-in. Its state is temporary unless `--data` names a folder. */
export async function dev({ port, data, json, rateLimit, universal }: DevOptions): Promise<void> {
  const ending = asked(true);
  const { config, log } = readSetting(true);
  const isTemporary = data === undefined;
  const dir = placeFor(config, data, isTemporary);
  try {
    const world = await startWorld({ config, log, dir, port, rateLimit, isUniversalOn: universal });
    if (json) printJson(lineOf(world));
    else introduce(world);
    await ending;
    await world.stop();
  } finally {
    if (isTemporary) rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
  }
}

const lineOf = ({ api, token, accountId, control, edges, dns }: World) => ({
  api,
  token,
  account_id: accountId,
  control,
  edges,
  dns,
});

function introduce(world: World): void {
  const screen = openProgress(process.stdout);
  screen.heading('certpacks dev is ready');
  screen.fact('API', world.api);
  screen.fact('token', world.token);
  screen.fact('account', world.accountId);
  screen.fact('control', world.control);
  screen.fact(
    'edges',
    Object.values(world.edges)
      .map(({ host, port }) => `${host}:${port}`)
      .join(', '),
  );
  screen.fact('DNS', `${world.dns.host}:${world.dns.port}`);
}
