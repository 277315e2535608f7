/** Which edges do not apply what custom hostnames say of handshakes. */
import { EDGE_DRIVERS } from '../edge/drivers.ts';
import type { LiveEdge } from '../edge/edge.ts';
import { type HostnameTls, type IdleSettings, settingsIn, type TlsSetting } from '../pack/hostname-tls.ts';
import type { Environment } from '../pack/pack.ts';

/** What edges of an environment do not apply of what a hostname says. Of what an agent did not say that it is applied, it is not. */
export const idleAt = (
  edges: readonly LiveEdge[],
  environment: Environment,
  tls: HostnameTls,
): IdleSettings[] => {
  const wanted = settingsIn(tls);
  return edges
    .filter((edge) => edge.environment === environment)
    .flatMap((edge) => [
      ...idle(
        edge,
        wanted.filter((one) => !isKnownTo(edge, one)),
        'kind',
      ),
      ...idle(
        edge,
        wanted.filter((one) => isKnownTo(edge, one) && !isTold(edge, one)),
        'agent',
      ),
    ]);
};

const isKnownTo = ({ kind }: LiveEdge, setting: TlsSetting): boolean =>
  EDGE_DRIVERS[kind].abilities.tlsSettings.includes(setting);

/** Those of the configuration ask this version of the service itself. */
const isTold = ({ agent }: LiveEdge, setting: TlsSetting): boolean =>
  agent === undefined || (agent.tlsSettings?.includes(setting) ?? false);

const idle = (
  { name: edge, kind }: LiveEdge,
  settings: readonly TlsSetting[],
  because: IdleSettings['because'],
): IdleSettings[] => (settings.length > 0 ? [{ edge, kind, settings, because }] : []);
