/**
 * How certificates are brought to an edge: one driver a make, one folder each (`src/edge/haproxy/`). A driver stands beside its edge,
 * in the process of the agent; what it is given was checked, and what it had before stays where it fails.
 */
import type { Log } from '../kit/log.ts';
import type { HostnameTls, TlsSetting } from '../pack/hostname-tls.ts';
import type { Algorithm } from '../pack/pack.ts';
import type { ServedFile, ServedKeyPair, ServedPack, ShownLeaf } from './edge.ts';

/** What edges of a make can. */
export interface EdgeAbilities {
  /** Whether it serves ECDSA and RSA certificates of one name side by side; else it has the ECDSA one where there is one. */
  readonly isDual: boolean;
  /** Whether it changes what it serves while it runs; else it is told to load its files anew, many changes at a time. */
  readonly isRuntime: boolean;
  /** Whether one entry for `*.example.com` serves each name under it. */
  readonly takesWildcards: boolean;
  /** Whether it asks for a name when a client does, so that nothing lies at it beforehand. */
  readonly isPulling: boolean;
  /** Most bytes of chain and key of one algorithm together; undefined: no bound is known. */
  readonly mostBytes?: number | undefined;
  /** Settings of custom hostnames that it applies to their names; the others stay without effect there. */
  readonly tlsSettings: readonly TlsSetting[];
  /** Most names for which its speed was measured. */
  readonly mostNames: number;
}

/** A pack as it is to lie at an edge. */
export interface PlacedPack {
  /** UUID. */
  readonly packId: string;
  /** The names that it serves there, wildcards as they are: checked host names in lower case, never none. */
  readonly names: readonly string[];
  /** Chains in PEM with the leaf first, keys in PKCS#8 PEM. */
  readonly certificates: Readonly<Partial<Record<Algorithm, ServedKeyPair>>>;
  /** What the custom hostname that it is for says of handshakes; absent: nothing. */
  readonly tls?: HostnameTls | undefined;
}

/** A pack as an edge says that it has it. */
export interface HeldPack {
  readonly packId: string;
  readonly names: readonly string[];
  /** Lower-case hexadecimal SHA-256 of the leaves. */
  readonly leaves: Readonly<Partial<Record<Algorithm, string>>>;
}

/** A pack that an edge did not take; it has what it had of it before. */
export interface RefusedPack {
  readonly packId: string;
  /** What the edge said, in words, one line, bounded; it never has a key in it. */
  readonly why: string;
}

/** An edge that a driver has in hand. All but `close` may be called again after any failure, and mend what it left. */
export interface EdgeInHand {
  /**
   * Puts packs on the edge, in the place of what it has of them; those that it did not take. It outlasts a restart of the edge.
   * Throws `edge_unreachable` where the edge cannot be told, `edge_refused` where it refuses all.
   */
  apply(packs: readonly PlacedPack[], signal: AbortSignal): Promise<readonly RefusedPack[]>;
  /** Takes packs off, with their keys; unknown ones are no fault. Throws as `apply`. */
  withdraw(packIds: readonly string[], signal: AbortSignal): Promise<void>;
  /** What the running edge has of ours, as itself says where it can be asked, else what lies in its files. Throws as `apply`. */
  inventory(signal: AbortSignal): Promise<readonly HeldPack[]>;
  /** The leaf that it shows; as `ShowLeaf`. */
  verify(
    ask: { readonly name: string; readonly algorithm: Algorithm },
    signal: AbortSignal,
  ): Promise<ShownLeaf | undefined>;
  close(): Promise<void>;
}

/** What a driver is given. */
export interface DriverDeps {
  readonly log: Log;
  /** A folder of its own, mode 700, that outlasts restarts. */
  readonly dir: string;
  /** Where its edge shakes hands, for `verify`. */
  readonly address: { readonly host: string; readonly port: number };
  /** The pack that serves a name that a client asked for, exact or under a wildcard: for edges that pull. Never rejects. */
  readonly packFor: (name: string) => Promise<ServedPack | undefined>;
  /** The file that shows control of a name at a path; undefined where there is none, or nobody can tell now. Never rejects. */
  readonly fileFor: (name: string, path: string) => Promise<ServedFile | undefined>;
}

/** What is done with edges of one make. */
export interface EdgeDriver {
  readonly abilities: EdgeAbilities;
  /** Options of its own in the table `[edge]` of an agent's file, each with one sentence for the documentation. */
  readonly options: Readonly<Record<string, string>>;
  /** Takes an edge in hand. Throws `configuration` that names the option at fault. */
  open(options: Readonly<Record<string, unknown>>, deps: DriverDeps): Promise<EdgeInHand>;
}
