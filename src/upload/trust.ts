/** Which roots are trusted for uploads, and which intermediates are known: Node's bundled roots, and what the operator adds. */
import { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import { Fault } from '../kit/fault.ts';

/** Certificates of CAs by the subject that they have, as Node writes it. */
type BySubject = ReadonlyMap<string, readonly X509Certificate[]>;

/** Certificates of CAs that chains may go by. */
export interface Trust {
  /** Where a chain may end. */
  readonly roots: () => BySubject;
  /** What chains may be completed with. */
  readonly intermediates: () => BySubject;
}

/**
 * Trust in Node's bundled roots and in the certificates of these texts: self-signed ones are roots, the others intermediates.
 * Throws `configuration` for a text in which none can be read. The bundled ones are read at the first use.
 */
export function trustIn(texts: readonly string[]): Trust {
  const own = texts.flatMap(readAll);
  const intermediates = bySubject(own.filter((one) => !isRoot(one)));
  let roots: BySubject | undefined;
  return {
    roots: () => (roots ??= bySubject([...own.filter(isRoot), ...rootCertificates.map(parsed)])),
    intermediates: () => intermediates,
  };
}

/** The same trust, with more intermediates that chains may be completed with; what they lead to is trusted or not as before. */
export function knowing(trust: Trust, pems: readonly string[]): Trust {
  const more = bySubject(pems.map(parsed));
  const known = trust.intermediates();
  const subjects = new Set([...known.keys(), ...more.keys()]);
  const all = new Map(
    [...subjects].map((one) => [one, [...(known.get(one) ?? []), ...(more.get(one) ?? [])]] as const),
  );
  return { roots: trust.roots, intermediates: () => all };
}

const isRoot = (one: X509Certificate): boolean => one.subject === one.issuer;

const bySubject = (certificates: readonly X509Certificate[]): BySubject =>
  Map.groupBy(certificates, ({ subject }) => subject);

const parsed = (pem: string): X509Certificate => new X509Certificate(pem);

function readAll(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    if (blocks.length > 0) return blocks.map(parsed);
  } catch (cause) {
    throw new Fault('configuration', 'a certificate that uploads are to be trusted by cannot be read', {
      cause,
    });
  }
  throw new Fault('configuration', 'what uploads are to be trusted by has no certificate in PEM');
}
