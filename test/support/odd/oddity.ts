/**
 * Odd CAs: what the service makes of each. Terms:
 * - oddity: a way in which a CA, or a proxy before it, differs from what RFC 8555 leads one to expect, as rules for a simulated
 *   one.
 * - spoiled: a certificate that the CA issued, and delivered in a way, or with contents, by which nobody can use it.
 * The front file: what an oddity is. `oddities.ts` lists them all.
 */
import type { CaRow } from '../../../src/ca/ca.ts';
import type { Seconds } from '../../../src/kit/time.ts';
import type { CertificateAuthority } from '../../../src/pack/pack.ts';
import type { TestRule } from '../simulator/simulated-ca.ts';

/** One way to be odd, and what is to come of a pack there. */
export interface Oddity {
  readonly rules: readonly TestRule[];
  /** The simulated Let's Encrypt unless told; others demand a binding. */
  readonly ca?: CertificateAuthority;
  readonly row?: Partial<CaRow>;
  /** Hosts of the pack beside `shop.test`. */
  readonly hosts?: readonly string[];
  /** Whether the pack cannot become active: then it has to say why. */
  readonly isHopeless?: boolean;
  /** What `validation_errors` says at some time. */
  readonly says?: RegExp;
  /** Certificates that are spoiled: so many of the first, or all. */
  readonly spoiled?: number;
  /** Longest time until the pack is active; an hour unless told. */
  readonly within?: Seconds;
}
