/**
 * Where certificates go. Terms:
 * - edge: a TLS proxy that serves our certificates, in production or staging.
 * - deploy, withdraw: put a pack on the edges, take it away.
 * - prove: a handshake that shows which leaf an edge serves for a name and an algorithm.
 * - pull: the bundled edge asks for the certificates of a name when the first client does.
 * The front file; `handshake.ts` proves, `pull.ts` hands out, `bundled.ts` serves.
 */
import type { Algorithm, Environment } from '../pack/pack.ts';

/** One configured edge. */
export interface EdgeRow {
  readonly name: string;
  readonly environment: Environment;
  /** Where handshakes prove what it serves. */
  readonly host: string;
  readonly port: number;
}

/** The leaf that an edge showed in a handshake. */
export interface ShownLeaf {
  /** Lower-case hexadecimal SHA-256 of the leaf's DER. */
  readonly fingerprint: string;
  readonly subject: string;
  readonly issuer: string;
  readonly notAfter: Date;
  readonly hosts: readonly string[];
  /** TLS version and cipher suite of the handshake, e.g. `TLSv1.3 TLS_AES_256_GCM_SHA384`. */
  readonly protocol: string;
}

/**
 * The leaf that the edge shows for `name` to a client of `algorithm` alone; undefined when it shows none
 * (alert or close during the handshake). Throws `edge_unreachable` where nobody answers.
 */
export type ShowLeaf = (
  edge: Pick<EdgeRow, 'name' | 'host' | 'port'>,
  ask: { readonly name: string; readonly algorithm: Algorithm },
  signal: AbortSignal,
) => Promise<ShownLeaf | undefined>;

/** What an edge needs to serve a name: chain in PEM, leaf first, and its private key in PKCS#8 PEM. */
export interface ServedKeyPair {
  readonly chain: string;
  readonly key: string;
}

/** The pack that serves a name. A pack always has both algorithms; edges take what they find. */
export interface ServedPack {
  readonly packId: string;
  /** Names of the pack, so that the edge can drop all of them when the pack changes. */
  readonly hosts: readonly string[];
  readonly certificates: Readonly<Partial<Record<Algorithm, ServedKeyPair>>>;
}

/** What the pull listener needs of the service. */
export interface PullSource {
  /** The pack that serves `name` in `environment`, or undefined. `name` is a checked, lower-case host name. */
  packFor(name: string, environment: Environment): Promise<ServedPack | undefined>;
}

/** Something changed for these names (wildcards as they are) on the edges of an environment. */
export interface EdgeChange {
  readonly environment: Environment;
  readonly hosts: readonly string[];
}
