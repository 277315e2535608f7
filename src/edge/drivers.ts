import type { EdgeKind } from '../pack/pack.ts';
import { bundledDriver } from './bundled/bundled-driver.ts';
import { caddyDriver } from './caddy/caddy.ts';
import type { EdgeDriver } from './driver.ts';
import { filesDriver } from './files/files.ts';
import { haproxyDriver } from './haproxy/haproxy.ts';
import { nginxDriver } from './nginx/nginx.ts';
import { nginxByNameDriver } from './nginx-by-name/nginx-by-name.ts';

/** The makes of edges: a kind without its row does not compile. */
export const EDGE_DRIVERS: Readonly<Record<EdgeKind, EdgeDriver>> = {
  bundled: bundledDriver,
  haproxy: haproxyDriver,
  nginx: nginxDriver,
  nginx_by_name: nginxByNameDriver,
  caddy: caddyDriver,
  files: filesDriver,
};
