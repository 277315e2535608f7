/** An nginx that runs as its example has it and reads files by name, and drivers that put them there. */
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EdgeInHand } from '../../../src/edge/driver.ts';
import { nginxByNameDriver } from '../../../src/edge/nginx-by-name/nginx-by-name.ts';
import { driverDeps, type Ends, exampleText, type GivenNginx, givenNginx } from './given-nginx.ts';

export interface GivenByName {
  readonly nginx: GivenNginx;
  readonly folder: string;
  /** Number of the group that workers are in; undefined where this process cannot give them one. */
  readonly group: number | undefined;
  /** A driver; there may be one at a time. */
  open(): Promise<EdgeInHand>;
  /** What lies below a folder of the driver's. */
  all(path: string): string[];
}

/** `default.test` is shown to clients without SNI. */
export async function givenNginxByName(ends: Ends): Promise<GivenByName> {
  const nginx = await givenNginx(ends, (home, port) =>
    exampleText('nginx-by-name/nginx.conf', {
      'worker_processes auto': 'worker_processes 2',
      '/run/nginx.pid': join(home, 'nginx.pid'),
      '/var/log/nginx/error.log': join(home, 'error.log'),
      'include /var/lib/certpacks-by-name/': `include ${join(home, 'names')}/`,
      'listen 443': `listen 127.0.0.1:${port}`,
      'proxy_pass http://127.0.0.1:8080': 'root /',
    }),
  );
  const folder = join(nginx.folder, 'names');
  mkdirSync(folder);
  const group = process.getuid?.() === 0 ? groupOf('www-data') : undefined;
  if (group !== undefined) chownSync(folder, 0, group);
  chmodSync(folder, 0o2750);
  const open = async () => {
    const options = { folder, default_name: 'default.test' };
    const opened = await nginxByNameDriver.open(options, driverDeps(nginx.folder, nginx.port));
    ends.defer(() => opened.close());
    return opened;
  };
  // Its configuration includes what a driver writes.
  await (await open()).close();
  await nginx.start();
  const all = (path: string) => readdirSync(join(folder, path), { recursive: true }).map(String);
  return { nginx, folder, group, open, all };
}

function groupOf(name: string): number {
  const [, id] = new RegExp(`^${name}:[^:]*:(\\d+):`, 'm').exec(readFileSync('/etc/group', 'utf8')) ?? [];
  return Number(id);
}
