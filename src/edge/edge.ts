/**
 * Where certificates go. Terms:
 * - edge: a TLS proxy that serves our certificates, in production or staging.
 * - deploy, withdraw: put a pack on the edges, take it away.
 * - prove: a handshake that shows which leaf an edge serves for a name and an algorithm.
 * - pull: the bundled edge asks for the certificates of a name when the first client does.
 * The front file; `handshake.ts` proves, `pull.ts` hands out, `bundled.ts` serves.
 */
import type { HostnameOrigin } from '../pack/hostname-origin.ts';
import type { HostnameTls, TlsSetting } from '../pack/hostname-tls.ts';
import type { Algorithm, EdgeKind, Environment } from '../pack/pack.ts';
import type { Location } from '../pack/region.ts';

/** One configured edge. */
export interface EdgeRow {
  readonly name: string;
  readonly kind: EdgeKind;
  readonly environment: Environment;
  /** Where handshakes prove what it serves. */
  readonly host: string;
  readonly port: number;
  /** Where it is; undefined: not known, and no restricted key goes there. */
  readonly location?: Location | undefined;
}

/**
 * An edge that packs are brought to: one of the configuration, or one with an agent (`agent/`), which brings them, proves them itself
 * and reports that.
 */
export interface LiveEdge extends Pick<EdgeRow, 'name' | 'kind' | 'environment' | 'location'> {
  /** Where handshakes prove what it serves; undefined: what its agent reports counts alone. */
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  /** Undefined: it is of the configuration. */
  readonly agent?:
    | {
        /** UUID of the edge. */
        readonly id: string;
        /** Whether packs wait for it: it came to have all once, and nobody drains it. */
        readonly isWaitedFor: boolean;
        /** Whether it was heard of late, as this process saw. */
        readonly isHeard: boolean;
        /** What is wrong with the edge as a whole, in its agent's words; undefined: nothing, or it was never heard. */
        readonly problem?: string | undefined;
        /** Settings of custom hostnames that its agent said it applies; undefined: it did not say. */
        readonly tlsSettings?: readonly TlsSetting[] | undefined;
      }
    | undefined;
}

/** A certificate behind a leaf. */
export interface ChainPart {
  /** Lower-case hexadecimal SHA-256 of its DER. */
  readonly fingerprint: string;
  readonly subject: string;
}

/** The leaf that an edge showed in a handshake. */
export interface ShownLeaf {
  /** Lower-case hexadecimal SHA-256 of the leaf's DER. */
  readonly fingerprint: string;
  readonly subject: string;
  readonly issuer: string;
  readonly notAfter: Date;
  readonly hosts: readonly string[];
  /** What it sent behind the leaf, in the order in which it did; undefined: nobody looked. */
  readonly behind?: readonly ChainPart[] | undefined;
  /** TLS version and cipher suite of the handshake, e.g. `TLSv1.3 TLS_AES_256_GCM_SHA384`. */
  readonly protocol: string;
}

/**
 * The leaf that the edge shows for `name` to a client of `algorithm` alone; undefined when it shows none
 * (alert or close during the handshake). Throws `edge_unreachable` where nobody answers.
 */
export type ShowLeaf<T = Pick<EdgeRow, 'name' | 'kind' | 'host' | 'port'>> = (
  edge: T,
  ask: { readonly name: string; readonly algorithm: Algorithm },
  signal: AbortSignal,
) => Promise<ShownLeaf | undefined>;

/** What an edge needs to serve a name: chain in PEM, leaf first, and its private key in PKCS#8 PEM, or where that is (`src/pack/key-elsewhere.ts`). */
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
  /** What the custom hostname that it is for says of handshakes; absent: nothing. */
  readonly tls?: HostnameTls | undefined;
  /** Where clients of its custom hostname are sent; absent: nothing is said, or it came by an agent, which is not told. */
  readonly origin?: HostnameOrigin | undefined;
}

/** How a client told which name it wants: in SNI, or by the address that it reached. */
export type NamedBy = 'name' | 'address';

/** A file that shows control of a name to a CA (RFC 8555 8.3). */
export interface ServedFile {
  readonly body: string;
}

/** What the pull listener needs of the service. */
export interface PullSource {
  /**
   * The pack that serves `name` in `environment` on an edge, or undefined. `name` is a checked, lower-case host name, which the
   * client asked for, or for which the address stands that it reached. An edge that does not say its own name, or another than those
   * of the configuration, is nowhere, and gets no restricted key.
   */
  packFor(
    name: string,
    environment: Environment,
    by?: NamedBy,
    edge?: string,
  ): Promise<ServedPack | undefined>;
  /** The file that shows control of `name` at `path`, or undefined. */
  fileFor(name: string, path: string): Promise<ServedFile | undefined>;
}

/** Paths under which control of a host is shown: RFC 8555 8.3, and where CAs without ACME look (BR 3.2.2.4.18). */
export const VALIDATION_PATHS = ['/.well-known/acme-challenge/', '/.well-known/pki-validation/'] as const;

/** Whether `path` is that of a file that shows control of a host: one of the folders, and one plain name in it. */
export const isValidationPath = (path: string): boolean =>
  VALIDATION_PATHS.some(
    (folder) => path.startsWith(folder) && /^[A-Za-z0-9_.-]{1,255}$/.test(path.slice(folder.length)),
  );

/** Something changed for these names (wildcards as they are) on the edges of an environment. */
export interface EdgeChange {
  readonly environment: Environment;
  readonly hosts: readonly string[];
}
