import { type BundledEdge, startBundledEdge } from '../edge/bundled/bundled.ts';
import type { EdgeRow } from '../edge/edge.ts';
import { OwnersKeys } from '../keyless/owners-keys.ts';
import type { Environment } from '../pack/pack.ts';
import type { Location } from '../pack/region.ts';
import { edgeSocketOf } from '../serve/edge-socket.ts';
import { keylessSettingOf } from '../serve/keyless-setting.ts';
import type { ServiceParts } from '../serve/service-parts.ts';
import { atUsual } from './ports.ts';
import { HOST } from './world-options.ts';

/** An edge of the world: it can be taken away, and come back at the same ports. */
export interface WorldEdge {
  readonly row: EdgeRow;
  /** Where it answers plain HTTP, if it does. */
  readonly httpPort: number | undefined;
  /** Whether it is there, where, and its counters since it came. */
  readonly state: () => object;
  /** Resolves when it is so; calls take turns. Throws `configuration` where another has its port by now. */
  readonly put: (isUp: boolean) => Promise<void>;
}

const USUAL_PORTS = { production: 8443, staging: 9443 } as const;
/** Where every host of the world answers plain HTTP: the production edge does. */
const USUAL_HTTP_PORT = 8080;

/** Where the edges of the world are, and the region whose private key its service has. */
export const WORLD: Location = { regions: ['WNAM'], country: 'US', isHighestSecurity: true };

/** One edge for each environment. They wait for the service's socket. */
export function startEdges(
  parts: AsyncDisposableStack,
  ground: Pick<ServiceParts, 'dir' | 'log' | 'options'>,
): Promise<[WorldEdge, WorldEdge]> {
  const pull = edgeSocketOf(ground);
  const start = async (environment: Environment): Promise<WorldEdge> => {
    const name = `${environment}-1`;
    const setting = keylessSettingOf(ground.options, ground.dir);
    // Each edge ends its own with itself.
    const place = () => ({
      host: HOST,
      environment,
      name,
      pull,
      log: ground.log,
      ownersKeys: new OwnersKeys(setting, ground.log),
    });
    const at = (port: number) =>
      environment === 'staging'
        ? startBundledEdge({ ...place(), port })
        : atUsual(USUAL_HTTP_PORT, (httpPort) => startBundledEdge({ ...place(), port, httpPort }));
    const first = await atUsual(USUAL_PORTS[environment], at);
    const { port, httpPort } = first;
    const again = () => startBundledEdge({ ...place(), port, ...(httpPort !== undefined && { httpPort }) });
    const row = { name, kind: 'bundled', environment, host: HOST, port, location: WORLD } as const;
    const edge = switched({ row, httpPort }, first, again);
    parts.defer(() => edge.put(false));
    return edge;
  };
  return Promise.all([start('production'), start('staging')]);
}

function switched(
  place: Pick<WorldEdge, 'row' | 'httpPort'>,
  first: BundledEdge,
  again: () => Promise<BundledEdge>,
): WorldEdge {
  let running: BundledEdge | undefined = first;
  let turn = Promise.resolve();
  const change = async (isUp: boolean) => {
    if (isUp) running ??= await again();
    else {
      await running?.close();
      running = undefined;
    }
  };
  return {
    ...place,
    state: () => ({
      host: place.row.host,
      port: place.row.port,
      is_up: running !== undefined,
      ...running?.stats(),
    }),
    put: (isUp) => {
      const done = turn.then(() => change(isUp));
      turn = done.catch(() => undefined);
      return done;
    },
  };
}
