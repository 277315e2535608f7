/** An nginx that runs as its example has it, and drivers that put server blocks there. */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EdgeInHand } from '../../../src/edge/driver.ts';
import { nginxDriver } from '../../../src/edge/nginx/nginx.ts';
import { driverDeps, type Ends, exampleText, type GivenNginx, givenNginx } from './given-nginx.ts';

export interface GivenServers {
  readonly nginx: GivenNginx;
  /** A driver; there may be one at a time. */
  open(options?: Readonly<Record<string, unknown>>): Promise<EdgeInHand>;
  /** Adds one line to what is the operator's in each server block. */
  setSite(line: string): void;
  /** How often nginx was told to load its files anew. */
  reloads(): number;
  /** What lies in the folder of packs. */
  files(): string[];
}

export async function givenNginxServers(ends: Ends): Promise<GivenServers> {
  const nginx = await givenNginx(ends, (folder, port) =>
    exampleText('nginx/nginx.conf', {
      'user www-data;\n': '',
      'worker_processes auto': 'worker_processes 1',
      '/run/nginx.pid': join(folder, 'nginx.pid'),
      '/var/log/nginx/error.log': `${join(folder, 'error.log')} notice`,
      '/var/lib/certpacks/nginx/': `${join(folder, 'edge')}/`,
      'listen 443': `listen 127.0.0.1:${port}`,
    }),
  );
  const site = exampleText('nginx/certpacks-site.conf', { 'proxy_pass http://127.0.0.1:8080': 'return 200' });
  const setSite = (line: string) => writeFileSync(join(nginx.folder, 'site.conf'), `${site}\n${line}\n`);
  setSite('');
  await nginx.start();
  const usual = {
    config: nginx.config,
    pid: nginx.pid,
    include: join(nginx.folder, 'site.conf'),
    listen: [`127.0.0.1:${nginx.port} ssl`],
    reload_every: 0,
    gather: 0.02,
    patience: 10,
  };
  return {
    nginx,
    setSite,
    open: async (options = {}) => {
      const deps = driverDeps(join(nginx.folder, 'edge'), nginx.port);
      const opened = await nginxDriver.open({ ...usual, ...options }, deps);
      ends.defer(() => opened.close());
      return opened;
    },
    reloads: () => nginx.errors().match(/signal 1 \(SIGHUP\) received/g)?.length ?? 0,
    files: () => readdirSync(join(nginx.folder, 'edge/packs'), { recursive: true }).map(String),
  };
}
