import { answer } from './answer.ts';
import { bindingOnce } from './binding-once.ts';
import { chain } from './chain.ts';
import { challenges } from './challenges.ts';
import { clock } from './clock.ts';
import { cut } from './cut.ts';
import { delay } from './delay.ts';
import { drip } from './drip.ts';
import type { CaFault } from './fault.ts';
import { forget } from './forget.ts';
import { issuance } from './issuance.ts';
import { leaf } from './leaf.ts';
import { patch } from './patch.ts';
import { pem } from './pem.ts';
import { plainReads } from './plain-reads.ts';
import { raw } from './raw.ts';
import { relative } from './relative.ts';
import { sameOrder } from './same-order.ts';
import { silence } from './silence.ts';
import { stall } from './stall.ts';
import { terms } from './terms.ts';
import { validation } from './validation.ts';

/** Every way in which a simulated CA can go wrong, by its name in a script. docs/faults.md describes each. */
export const CA_FAULTS = {
  // What comes back.
  answer,
  patch,
  relative,
  challenges,
  chain,
  pem,
  // Whether it comes back.
  delay,
  cut,
  silence,
  drip,
  raw,
  // What the CA does.
  validation,
  issuance,
  leaf,
  stall,
  forget,
  same_order: sameOrder,
  binding_once: bindingOnce,
  plain_reads: plainReads,
  terms,
  clock,
} as const satisfies Record<string, CaFault>;
