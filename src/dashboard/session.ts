/** Who is signed in, and what they may. */
import { signal } from '@preact/signals';
import type { Permission } from '../pack/permission.ts';
import { toRefusal } from './api/answer.ts';
import { ask, hearSignedOut } from './api/client.ts';
import type { Session } from './api/wire.ts';
import { hearNow } from './now.ts';
import { forgetAddress, route } from './route.ts';

/** Undefined: not known yet. Null: nobody is. */
export const session = signal<Session | null | undefined>(undefined);

/** What there is to say to who is to sign in. */
export const signInNote = signal('');

hearSignedOut((why) => {
  signInNote.value = session.value ? `You were signed out: ${why}.` : '';
  session.value = null;
});

/** Signs in by the link that was opened, or finds out who is signed in. */
export async function begin(): Promise<void> {
  const [view, code] = route.value.parts;
  if (view === 'sign-in' && code !== undefined) {
    forgetAddress();
    await signIn({ code }).catch(notSignedIn);
    return;
  }
  try {
    take((await ask<Session | null>('GET', '/user/session')).result);
  } catch (error) {
    notSignedIn(error);
  }
}

// A link that does not work need not sign anybody out.
function notSignedIn(error: unknown): void {
  signInNote.value = toRefusal(error).message;
  session.value = null;
}

/** Throws `Refusal`. */
export async function signIn(by: { readonly token: string } | { readonly code: string }): Promise<void> {
  const { result } = await ask<Session>('POST', '/user/session', { body: by });
  signInNote.value = '';
  take(result);
}

function take(result: Session | null): void {
  if (result) hearNow(result.as_of);
  session.value = result;
}

/** Signs out; where the service cannot be reached, the session goes on there, and that is said. */
export async function signOut(): Promise<void> {
  const note = await ask('DELETE', '/user/session').then(
    () => 'You are signed out.',
    (error: unknown) => `${toRefusal(error).message} This browser may still be signed in.`,
  );
  signInNote.value = note;
  session.value = null;
}

/** Whether whoever is signed in may do that: in a zone, or in all that it is of. */
export function may(permission: Permission, zoneId?: string): boolean {
  const reach = reachOf(permission);
  return reach === 'all' || (zoneId !== undefined && Boolean(reach?.includes(zoneId)));
}

/** The zones in which that is allowed. */
export function reachOf(permission: Permission): 'all' | readonly string[] | undefined {
  const granted = session.value?.permissions;
  return granted?.[permission];
}

/** Id of the account of who is signed in. */
export const accountId = (): string => session.value?.account.id ?? '';
