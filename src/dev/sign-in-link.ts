import { systemClock } from '../kit/clock.ts';
import { createSignInCode } from '../operation/sign-in.ts';
import type { Pool } from '../store/store.ts';

/** The dashboard's address, by which a browser is signed in once: its code is behind the `#`, which no request carries. */
export async function signInLink(
  pool: Pool,
  dashboard: string | undefined,
  token: string,
): Promise<string | undefined> {
  if (dashboard === undefined) return undefined;
  const { code } = await createSignInCode({ pool, browserClock: systemClock() }, token);
  return `${dashboard}#/sign-in/${code}`;
}
