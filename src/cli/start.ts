import { join } from 'node:path';
import { demonstrate } from '../dev/demo.ts';
import { openProgress, type Progress } from '../dev/progress.ts';
import { startWorld, type World } from '../dev/world.ts';
import { asked, placeFor, readSetting } from './process.ts';

/** `certpacks start`: a world that is kept between starts, a pack in it from order to handshake, then stays up. */
export async function start({ once }: { readonly once?: boolean }): Promise<void> {
  const ending = asked(true);
  const { config, log } = readSetting(true);
  const screen = openProgress(process.stdout);
  const began = performance.now();
  screen.heading('certpacks: certificate packs, from order to handshake');
  screen.text('starting PostgreSQL, three ACME CAs, DNS, two TLS edges and the service ...');
  const world = await startWorld({
    config,
    log,
    dir: join(placeFor(config, undefined, false), 'world'),
    port: undefined,
    isUniversalOn: true,
  });
  try {
    introduce(world, screen, performance.now() - began);
    const list = await demonstrate(world, screen);
    if (once) return;
    screen.heading('Again, by yourself');
    screen.text(`curl -s -H 'Authorization: Bearer ${world.token}' \\\n  '${list}'`);
    if (world.dashboard !== undefined) screen.text(`or in a browser, signed in, once: ${world.dashboard}`);
    screen.text('\nThe world stays up until you press Ctrl-C; its state is kept for the next start.');
    await ending;
  } finally {
    await world.stop();
  }
}

function introduce(world: World, screen: Progress, ms: number): void {
  screen.fact('ready', `${(ms / 1_000).toFixed(1)} s`);
  screen.fact('database', world.database);
  const cas = Object.entries(world.cas).map(([name, { directory }]) => `${name} ${new URL(directory).host}`);
  screen.fact('CAs', `simulated: ${cas.join(', ')}`);
  const { production, staging } = world.edges;
  screen.fact(
    'edges',
    `production ${production.host}:${production.port}, staging ${staging.host}:${staging.port}`,
  );
  screen.fact('DNS', `${world.dns.host}:${world.dns.port}`);
  screen.fact('control', world.control);
  screen.fact('API', world.api);
}
