import { ACCOUNTS } from './accounts.ts';
import { ANSWERS } from './answers.ts';
import { CERTIFICATES } from './certificates.ts';
import { ISSUANCE } from './issuance.ts';
import { OBJECTS } from './objects.ts';
import type { Oddity } from './oddity.ts';
import { STEPS } from './steps.ts';
import { WISHES } from './wishes.ts';

/** Every oddity by a name that completes "a CA that …". */
export const ODDITIES: Readonly<Record<string, Oddity>> = {
  ...CERTIFICATES,
  ...STEPS,
  ...ISSUANCE,
  ...OBJECTS,
  ...ANSWERS,
  ...WISHES,
  ...ACCOUNTS,
};
