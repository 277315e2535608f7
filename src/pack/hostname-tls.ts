/** What a custom hostname says of the handshakes that edges make for its names. Pure. */
import { CIPHER_SUITES } from './cipher-suites.ts';
import type { SslSettings } from './custom-hostname.ts';
import { ALGORITHMS, type Algorithm, type EdgeKind } from './pack.ts';

export const TLS_VERSIONS = ['1.0', '1.1', '1.2', '1.3'] as const;
export type TlsVersion = (typeof TLS_VERSIONS)[number];

/** As edges are given it; what is left out is as the edge has it. */
export interface HostnameTls {
  /** Clients of lower versions are refused. */
  readonly minVersion?: TlsVersion;
  /** TLS 1.3 is not spoken. */
  readonly maxVersion?: '1.2';
  /** Suites of versions below 1.3, the one liked most first, by their names in OpenSSL; never none. */
  readonly ciphers?: readonly string[];
  /** `h2` is not agreed on by ALPN. */
  readonly http2?: false;
}

/** Names of settings, as the wire has them. */
export const TLS_SETTINGS = ['min_tls_version', 'tls_1_3', 'ciphers', 'http2'] as const;
export type TlsSetting = (typeof TLS_SETTINGS)[number];

/** BoringSSL's names of the three suites of TLS 1.3, which are offered whatever is listed. */
const OF_TLS_13 = 'AEAD-';

/** Of triple DES, which no present OpenSSL has. */
const GONE = 'DES-CBC3-SHA';

/** The suites of versions below 1.3 that edges can be told of. */
export const EARLIER_SUITES: readonly string[] = CIPHER_SUITES.filter((one) => !one.startsWith(OF_TLS_13));

/** Of which certificates a suite below TLS 1.3 makes use. */
export const algorithmOf = (suite: string): Algorithm => (suite.includes('ECDSA') ? 'ecdsa' : 'rsa');

/**
 * Algorithms whose certificates nobody could be shown, nor proven to be served: without TLS 1.3 a suite is needed for each.
 */
export function unshownBy({ tls_1_3: tls13, ciphers = [] }: SslSettings): readonly Algorithm[] {
  if (tls13 !== 'off' || ciphers.length === 0) return [];
  const suites = EARLIER_SUITES.filter((one) => one !== GONE && ciphers.includes(one));
  return ALGORITHMS.filter((algorithm) => !suites.some((one) => algorithmOf(one) === algorithm));
}

/** Added where a stored list leaves certificates of an algorithm unshown. */
const LEAST: Readonly<Record<Algorithm, string>> = {
  ecdsa: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  rsa: 'ECDHE-RSA-AES128-GCM-SHA256',
};

/**
 * What edges are given of settings; undefined: nothing that they have not anyway. A least version of 1.3 goes before `tls_1_3: off`,
 * and where suites of TLS 1.3 alone are listed it is the least version.
 */
export function tlsOf(settings: SslSettings): HostnameTls | undefined {
  const { http2, tls_1_3: tls13, min_tls_version: least } = settings;
  const { ciphers, isLatestAlone } = suitesIn(settings);
  const minVersion = isLatestAlone ? '1.3' : TLS_VERSIONS.find((one) => one === least);
  const ofEarlier: HostnameTls = {
    ...(tls13 === 'off' && { maxVersion: '1.2' }),
    ...(ciphers.length > 0 && { ciphers }),
  };
  const tls: HostnameTls = {
    ...(minVersion && { minVersion }),
    ...(minVersion !== '1.3' && ofEarlier),
    ...(http2 === 'off' && { http2: false }),
  };
  return Object.keys(tls).length > 0 ? tls : undefined;
}

/** Each once: edges refuse longer lists than there are suites, and with one all that came with it. */
function suitesIn(settings: SslSettings): { ciphers: readonly string[]; isLatestAlone: boolean } {
  const listed = new Set(settings.ciphers);
  const known = [...listed].filter((one) => EARLIER_SUITES.includes(one));
  const ciphers = [...known, ...unshownBy(settings).map((algorithm) => LEAST[algorithm])];
  return { ciphers, isLatestAlone: listed.size > 0 && ciphers.length === 0 };
}

/** The settings that have a part in what edges are given. */
export const settingsIn = (tls: HostnameTls): TlsSetting[] =>
  TLS_SETTINGS.filter((setting) => PART_OF[setting].some((part) => tls[part] !== undefined));

const PART_OF: Readonly<Record<TlsSetting, readonly (keyof HostnameTls)[]>> = {
  min_tls_version: ['minVersion'],
  tls_1_3: ['maxVersion'],
  ciphers: ['ciphers'],
  http2: ['http2'],
};

/** Settings of a hostname that an edge does not apply. */
export interface IdleSettings {
  readonly edge: string;
  readonly kind: EdgeKind;
  readonly settings: readonly TlsSetting[];
  /** Those of its make do not, or its agent, of an earlier version, does not say that it does. */
  readonly because: 'kind' | 'agent';
}

/** Says so, for `explain`: a sentence for each make, and each cause. */
export const idleNotes = (idle: readonly IdleSettings[]): string[] =>
  [...Map.groupBy(idle, (one) => `${one.kind} ${one.because} ${one.settings.join()}`).values()].flatMap(
    ([first, ...more]) => {
      if (!first) return [];
      const { edge, settings } = first;
      const who = more.length > 0 ? `edges ${edge} and ${more.length} more do` : `edge ${edge} does`;
      return `${who} not apply ${settings.join(', ')} of the custom hostname, ${WHY[first.because](first)}`;
    },
  );

const WHY: Readonly<Record<IdleSettings['because'], (one: IdleSettings) => string>> = {
  kind: ({ kind }) => `as those of kind ${kind} do not: what is configured there holds`,
  agent: () =>
    'as far as its agent says: install the present version of certpacks beside it, and start it again',
};
