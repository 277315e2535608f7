/** What the API answers of edges, as far as it is shown. */
import type { Environment } from '../../pack/pack.ts';

export interface Edge {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly environment: Environment;
  /** Where it is said that there is such an edge: only those with agents have a page. */
  readonly source: 'configuration' | 'agent';
  readonly status: 'pending' | 'joining' | 'active' | 'drained';
  readonly region: readonly string[];
  readonly country: string | null;
  readonly highest_security: boolean;
  readonly host: string | null;
  readonly port: number | null;
  readonly is_connected: boolean;
  readonly lag_seconds: number | null;
  readonly packs: number;
  readonly names: number;
  readonly problem: string | null;
  readonly version: string | null;
  readonly created_on: string | null;
  readonly enrolled_on: string | null;
  readonly seen_on: string | null;
  readonly drained_on: string | null;
  readonly token_expires_on: string | null;
  readonly certificate_expires_on: string | null;
}

/** One edge with what it does not show. */
export interface WholeEdge extends Edge {
  readonly packs_given: number;
  readonly packs_behind: number;
  readonly proved_on: string | null;
  readonly out_of_step: readonly OutOfStep[];
}

/** A pack that an edge does not show as it is to. */
export interface OutOfStep {
  readonly pack_id: string;
  readonly zone_id: string;
  readonly problem: string | null;
  readonly reported_on: string | null;
}

/** An edge with the token by which its agent takes it up: told once. */
export interface EdgeWithToken extends Edge {
  readonly token: string;
}
