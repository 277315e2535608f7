import { X509Certificate } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { ALGORITHMS, type Algorithm } from '../../pack/pack.ts';
import type { ServedKeyPair, ServedPack } from '../edge.ts';

/** What a client said that it can check and use: numbers of RFC 8446 4.2.3, and of cipher suites. */
export interface Offered {
  readonly signatureSchemes: ReadonlySet<number>;
  readonly cipherSuites: ReadonlySet<number>;
}

/** By curve, what TLS 1.3 signs with a key of it (RFC 8446 4.2.3); TLS 1.2 knows hashes alone. */
const SCHEME_OF: Readonly<Record<string, number>> = {
  prime256v1: 0x0403,
  secp384r1: 0x0503,
  secp521r1: 0x0603,
};
const ECDSA = [0x0403, 0x0503, 0x0603, 0x0203];
const RSA_PSS = [0x0804, 0x0805, 0x0806];
const RSA = [...RSA_PSS, 0x0401, 0x0501, 0x0601, 0x0201];
/** Suites of TLS 1.2 whose servers have a certificate of ECDSA (RFC 8422, 5289, 7905). */
const ECDSA_SUITES = [0xc009, 0xc00a, 0xc023, 0xc024, 0xc02b, 0xc02c, 0xcca9];

const schemes = new LRUCache<string, number>({ max: 10_000 });

/** The pair of a pack for a client: ECDSA where it can take that, else RSA, else whatever there is. */
export function pairFor({ certificates }: ServedPack, offered: Offered): ServedKeyPair | undefined {
  const there = ALGORITHMS.flatMap((algorithm) => {
    const pair = certificates[algorithm];
    return pair ? [{ algorithm, pair }] : [];
  });
  return (there.find(({ algorithm, pair }) => TAKES[algorithm](offered, pair)) ?? there[0])?.pair;
}

const TAKES: Readonly<Record<Algorithm, (offered: Offered, pair: ServedKeyPair) => boolean>> = {
  ecdsa: ({ signatureSchemes, cipherSuites }, { chain }) =>
    isOf13(cipherSuites)
      ? signatureSchemes.has(schemeOf(chain))
      : hasAny(cipherSuites, ECDSA_SUITES) && hasAny(signatureSchemes, ECDSA),
  rsa: ({ signatureSchemes, cipherSuites }) =>
    hasAny(signatureSchemes, isOf13(cipherSuites) ? RSA_PSS : RSA) || signatureSchemes.size === 0,
};

/** Whether a client can do TLS 1.3, which is then what is done. */
const isOf13 = (suites: ReadonlySet<number>): boolean => hasAny(suites, [0x1301, 0x1302, 0x1303]);

const hasAny = (set: ReadonlySet<number>, numbers: readonly number[]): boolean =>
  numbers.some((number) => set.has(number));

function schemeOf(chain: string): number {
  const known = schemes.get(chain);
  if (known !== undefined) return known;
  const scheme = SCHEME_OF[curveOf(chain) ?? ''] ?? 0x0403;
  schemes.set(chain, scheme);
  return scheme;
}

function curveOf(chain: string): string | undefined {
  try {
    return new X509Certificate(chain).publicKey.asymmetricKeyDetails?.namedCurve;
  } catch {
    return undefined;
  }
}
