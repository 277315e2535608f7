/** What a terminator is told, and how that stands in the bytes of a frame (`native/terminator.c`). */
import type { TokenKey } from '../pack/key-elsewhere.ts';

/** A key in the token of a terminator. */
export type KeyName = Pick<TokenKey, 'label' | 'id'>;

/** What hands are shaken by, where it is not as the terminator does by itself. */
export interface RemoteLimits {
  /** TLS 1.3 alone. */
  readonly isLatest: boolean;
  /** No TLS 1.3. */
  readonly isEarlier: boolean;
  /** Suites of TLS 1.2; none: as the terminator has them. */
  readonly suites: readonly string[];
}

/** A certificate that a terminator shows. */
export interface ShownPair {
  /** PEM, leaf first. */
  readonly chain: string;
  /** In the token of the terminator; undefined: another signs. */
  readonly key: KeyName | undefined;
}

/** A token that a terminator signs with. */
export interface TokenPlace {
  /** Path of the PKCS#11 module. */
  readonly module: string;
  /** Label of the token; '' for any in the slot. */
  readonly token: string;
  /** Undefined: any slot. */
  readonly slot: string | undefined;
  readonly pin: string;
  /** Sessions that sign at the same time. */
  readonly sessions: number;
  /** What the module finds its own configuration by. */
  readonly environment: Readonly<Record<string, string>>;
}

/** A number in four bytes. */
export function numbered(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** A key's name as a frame has it: lengths and bytes of its label and its id. */
export function named(key: KeyName | undefined): Buffer {
  const parts = [Buffer.from(key?.label ?? ''), key?.id ?? Buffer.alloc(0)];
  return Buffer.concat(parts.flatMap((part) => [Buffer.from([part.length >> 8, part.length & 0xff]), part]));
}

const [TLS_12, TLS_13] = [0x0303, 0x0304];
/** Versions as TLS numbers them (RFC 8446 4.2.1), then the suites. */
export function limitBytes({ isLatest, isEarlier, suites }: RemoteLimits): Buffer {
  const versions = Buffer.alloc(4);
  versions.writeUInt16BE(isLatest ? TLS_13 : TLS_12);
  versions.writeUInt16BE(isEarlier ? TLS_12 : TLS_13, 2);
  return Buffer.concat([versions, Buffer.from(suites.join(':'))]);
}

/** A pair as a frame has it: the name of its key, length and bytes of its chain. */
export const pairBytes = ({ chain, key }: ShownPair): Buffer[] => {
  const bytes = Buffer.from(chain);
  return [named(key), numbered(bytes.length), bytes];
};

/** What a terminator opens a token by, each ended by a NUL. */
export const textsOf = ({ module, token, slot, pin, sessions }: TokenPlace): string =>
  [module, token, slot ?? -1, pin, sessions].map((text) => `${text}\0`).join('');
