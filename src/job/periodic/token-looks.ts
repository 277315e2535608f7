/** Looks at keys of packs that are in a token: whether they sign, and which nothing needs any more. These are destroyed. */

import { keyPlaceOf } from '../../key/key.ts';
import { proveSigner, publicKeyOf } from '../../keyless/signer.ts';
import { Fault, wordsOf } from '../../kit/fault.ts';
import { after, between, type Seconds } from '../../kit/time.ts';
import { recordTokenLook } from '../../operation/record-token-look.ts';
import { isElsewhere } from '../../pack/key-elsewhere.ts';
import type { PackKey } from '../../pack/pack.ts';
import { listKeyPairs } from '../../store/certificates.ts';
import {
  deleteTokenKey,
  type KnownTokenKey,
  listTokenKeys,
  takeDueTokenKeys,
} from '../../store/token-keys.ts';
import { EVERY_CELL } from '../../store/zone-key.ts';
import type { JobDeps } from '../job.ts';
import { report } from './repeat.ts';

const MOST_AT_ONCE = 64;
/** How long whoever takes a pack has for it: several times the longest wait for a signature. */
const TERM: Seconds = 60;
/** How long a key that nothing needs is left, for whoever has heard of nothing yet. */
const LEFT: Seconds = 120;

/** Looks at packs whose keys are due, side by side. */
export async function lookAtTokenKeys(deps: JobDeps, signal: AbortSignal): Promise<void> {
  if (!deps.tokens) return;
  const now = deps.clock.now();
  const due = await takeDueTokenKeys(deps.pool, {
    cells: EVERY_CELL,
    now,
    until: after(now, TERM),
    limit: MOST_AT_ONCE,
  });
  await Promise.all(
    due.map(async (pack) => {
      try {
        await look(deps, pack, signal);
      } catch (error) {
        if (!signal.aborted) report(deps, error, 'look at keys in a token');
      }
    }),
  );
}

async function look(deps: JobDeps, pack: PackKey, signal: AbortSignal): Promise<void> {
  const keys = await listTokenKeys(deps.pool, pack);
  const live = keys.filter(({ retiredOn }) => retiredOn === undefined);
  if (live.length > 0) {
    const why = await trouble(deps, pack, live);
    if (signal.aborted) return;
    await recordTokenLook(deps, { pack, why });
  }
  const now = deps.clock.now();
  for (const { id, uri, retiredOn } of keys)
    if (retiredOn && between(retiredOn, now) >= LEFT) {
      // Forgotten once a look finds none of it: a module may overlook what was made a moment ago.
      if (await deps.tokens?.keys.destroy(uri))
        deps.log.info(
          { pack: pack.id, key: uri },
          'a key that nothing needs any more was destroyed in its token',
        );
      else await deleteTokenKey(deps.pool, pack, id);
    }
}

/** Why keys of a pack do not sign; undefined: those that have a certificate did, and of others their token answers. */
async function trouble(
  { pool, seal, signerOf, tokens }: JobDeps,
  pack: PackKey,
  live: readonly KnownTokenKey[],
): Promise<string | undefined> {
  try {
    for (const { algorithm, chain, sealedKey } of await listKeyPairs(pool, pack)) {
      const elsewhere = keyPlaceOf('keyless').open({ seal }, { pack, algorithm }, sealedKey);
      const signer = isElsewhere(elsewhere) ? signerOf?.(chain, elsewhere) : undefined;
      if (signer) await proveSigner(signer, publicKeyOf(chain));
    }
    for (const { uri, algorithm, isUsed } of live)
      if (!isUsed) await tokens?.keys.sign(uri, Buffer.from('token'), algorithm).catch(unlessRefused);
    return undefined;
  } catch (error) {
    return wordsOf(error);
  }
}

/** A token that says that it has no such key is there: whoever is to make it does, or will. */
function unlessRefused(error: unknown): void {
  if (!(error instanceof Fault) || error.fault !== 'signer_refused') throw error;
}
