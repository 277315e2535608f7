/** An edge that has an agent, as it is stored. */
import type { TlsSetting } from '../pack/hostname-tls.ts';
import type { EdgeKind, Environment } from '../pack/pack.ts';
import type { Location } from '../pack/region.ts';

/** What an edge is, as it was enrolled. */
export interface EdgeTerms {
  /** Unlike that of every other edge of the installation. */
  readonly name: string;
  /** Its make, e.g. `haproxy`. */
  readonly kind: EdgeKind;
  readonly environment: Environment;
  /** Where the service itself shakes hands with it; undefined: it reaches it nowhere. */
  readonly address: { readonly host: string; readonly port: number } | undefined;
  readonly location: Location | undefined;
}

/** An edge, without its token. */
export interface Edge extends EdgeTerms {
  /** UUID. */
  readonly id: string;
  readonly accountId: string;
  readonly createdOn: Date;
  /** Until when the token that it was given last can be used. */
  readonly tokenUntil: Date | undefined;
  /** Lower-case hexadecimal SHA-256 of the public keys by whose certificates its agent is known; none: nobody took it up. */
  readonly agentKeys: readonly string[];
  readonly certificateUntil: Date | undefined;
  /** 32 bytes of X25519. */
  readonly sealingKey: Buffer | undefined;
  readonly version: string | undefined;
  readonly enrolledOn: Date | undefined;
  readonly seenOn: Date | undefined;
  /** Up to where its agent applied what it was told; undefined: nothing whole yet. */
  readonly applied: Date | undefined;
  readonly generation: string | undefined;
  readonly drainedOn: Date | undefined;
  readonly packs: number;
  readonly names: number;
  /** Settings of custom hostnames that its agent said it applies; undefined: it did not say. */
  readonly tlsSettings: readonly TlsSetting[] | undefined;
  readonly problem: string | undefined;
}

/** A row of `edges`. */
export interface StoredEdge {
  id: string;
  account_id: string;
  name: string;
  kind: EdgeKind;
  environment: Environment;
  host: string | null;
  port: number | null;
  location: Location | null;
  created_on: Date;
  token_until: Date | null;
  agent_keys: string[];
  certificate_until: Date | null;
  sealing_key: Buffer | null;
  version: string | null;
  enrolled_on: Date | null;
  seen_on: Date | null;
  applied: Date | null;
  generation: string | null;
  drained_on: Date | null;
  packs: number;
  names: number;
  tls_settings: TlsSetting[] | null;
  problem: string | null;
}

export const EDGE_COLUMNS = `id, account_id, name, kind, environment, host, port, location, created_on, token_until, agent_keys,
  certificate_until, sealing_key, version, enrolled_on, seen_on, applied, generation, drained_on, packs, names, tls_settings, problem`;

export const toEdge = (row: StoredEdge): Edge => ({
  ...termsIn(row),
  id: row.id,
  accountId: row.account_id,
  createdOn: row.created_on,
  tokenUntil: row.token_until ?? undefined,
  ...agentIn(row),
  ...stateIn(row),
});

const termsIn = ({ name, kind, environment, host, port, location }: StoredEdge): EdgeTerms => ({
  name,
  kind,
  environment,
  address: host === null || port === null ? undefined : { host, port },
  location: location ?? undefined,
});

const agentIn = (row: StoredEdge) => ({
  agentKeys: row.agent_keys,
  certificateUntil: row.certificate_until ?? undefined,
  sealingKey: row.sealing_key ?? undefined,
  version: row.version ?? undefined,
  enrolledOn: row.enrolled_on ?? undefined,
});

const stateIn = (row: StoredEdge) => ({
  seenOn: row.seen_on ?? undefined,
  applied: row.applied ?? undefined,
  generation: row.generation ?? undefined,
  drainedOn: row.drained_on ?? undefined,
  packs: row.packs,
  names: row.names,
  tlsSettings: row.tls_settings ?? undefined,
  problem: row.problem ?? undefined,
});
