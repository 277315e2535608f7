import type { EdgeKind } from '../pack/pack.ts';
import { caddyDriver } from './caddy/caddy.ts';
import type { EdgeDriver } from './driver.ts';
import type { ShowLeaf } from './edge.ts';
import { showLeaf } from './handshake.ts';
import { nginxDriver } from './nginx/nginx.ts';
import { nginxByNameDriver } from './nginx-by-name/nginx-by-name.ts';

/** What is done with edges of one make. */
interface EdgeMake {
  /** How it is seen what an edge serves. */
  readonly showLeaf: ShowLeaf;
  /** What an agent beside it does with it; undefined: it pulls what it serves by itself. */
  readonly driver?: EdgeDriver;
}

/** The makes of edges: a kind without its row does not compile. The bundled one pulls (`pull/`), so nothing is brought to it. */
export const EDGE_DRIVERS: Readonly<Record<EdgeKind, EdgeMake>> = {
  bundled: { showLeaf },
  nginx: { showLeaf, driver: nginxDriver },
  nginx_by_name: { showLeaf, driver: nginxByNameDriver },
  caddy: { showLeaf, driver: caddyDriver },
};
