/** What the API answers of one pack beside itself, as far as it is shown. */
import type { PackStatus } from '../../pack/pack.ts';

/** Something that happened to a pack. */
export interface PackEvent {
  readonly id: string;
  readonly time: string;
  readonly kind: string;
  readonly cause: string;
  readonly to_status?: PackStatus;
  readonly owner: string;
  readonly token?: { readonly id: string; readonly name?: string };
  readonly details?: { readonly validation_errors?: readonly string[] };
}

/** What a pack waits for. */
export interface Explanation {
  readonly waits_for: string;
  readonly whose_move: 'customer' | 'operator' | 'ca' | 'us' | null;
  readonly next_step: string;
  readonly reasons: readonly string[];
  readonly notes: readonly string[];
  readonly since: string;
  readonly deadline?: string;
  readonly after_deadline?: string;
  readonly next_look_on?: string;
  readonly renewal?: {
    readonly planned_on?: string;
    readonly asked_on?: string;
    readonly begun_on?: string;
    readonly given_up_on?: string;
    readonly certificates_end_on?: string;
  };
  readonly evidence: readonly Evidence[];
  readonly records: readonly { readonly line: string }[];
}

export interface Evidence {
  readonly by: string;
  readonly who: string;
  readonly about: string;
  readonly said: string;
  readonly at: string;
}

/** A certificate with its chain, leaf first. */
export interface Chain {
  readonly id: string;
  readonly algorithm: 'ecdsa' | 'rsa';
  readonly is_coming: boolean;
  readonly chain: readonly ChainLink[];
  readonly pem: string;
}

export interface ChainLink {
  readonly subject: string;
  readonly issuer: string;
  readonly serial_number: string;
  readonly fingerprint_sha256: string;
  readonly not_before: string;
  readonly not_after: string;
}

/** What handshakes with an edge showed of a pack. */
export interface EdgeState {
  readonly edge: string;
  readonly is_shown: boolean;
  readonly wanted: Leaves;
  readonly shown: Leaves;
  readonly seen_on?: string;
  readonly problem?: string;
}

export interface Leaves {
  readonly ecdsa?: string;
  readonly rsa?: string;
}

/** Where the hosts of a pack lead. */
export interface PublicViews {
  readonly hosts: readonly PublicView[];
  readonly total: number;
  readonly seen_on: string;
}

export interface PublicView {
  readonly host: string;
  readonly served_at_edges: boolean;
  readonly leads_to: string;
  readonly says: string;
  readonly cdn?: string;
  readonly addresses: readonly { readonly address: string; readonly is_ours: boolean }[];
  readonly situations: readonly {
    readonly situation: string;
    readonly whose_move: string | null;
    readonly what: string;
    readonly next_step: string;
  }[];
}
