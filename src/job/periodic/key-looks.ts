/** Looks at whether keys that their owners keep do sign: what became of it is an operation. */
import { keyPlaceOf } from '../../key/key.ts';
import { proveSigner, publicKeyOf } from '../../keyless/signer.ts';
import { wordsOf } from '../../kit/fault.ts';
import { after, type Seconds } from '../../kit/time.ts';
import { recordKeyLook } from '../../operation/record-key-look.ts';
import type { PackKey } from '../../pack/pack.ts';
import { listKeyPairs } from '../../store/certificates.ts';
import { takeDueKeys } from '../../store/keyless.ts';
import { EVERY_CELL } from '../../store/zone-key.ts';
import type { JobDeps } from '../job.ts';
import { report } from './repeat.ts';

const MOST_AT_ONCE = 64;
/** How long whoever takes a key has for it: several times the longest wait for a signature. */
const TERM: Seconds = 30;

/** Has keys that are due sign something of no use, side by side. */
export async function lookAtKeys(deps: JobDeps, signal: AbortSignal): Promise<void> {
  if (!deps.signerOf) return;
  const now = deps.clock.now();
  const due = await takeDueKeys(deps.pool, {
    cells: EVERY_CELL,
    now,
    until: after(now, TERM),
    limit: MOST_AT_ONCE,
  });
  await Promise.all(
    due.map(async (pack) => {
      try {
        const why = await trouble(deps, pack);
        if (!signal.aborted) await recordKeyLook(deps, { pack, awaySince: pack.awaySince, why });
      } catch (error) {
        if (!signal.aborted) report(deps, error, 'look at a key');
      }
    }),
  );
}

/** Why a key does not sign; undefined: it did. */
async function trouble({ pool, seal, signerOf }: JobDeps, pack: PackKey): Promise<string | undefined> {
  try {
    for (const { algorithm, chain, sealedKey } of await listKeyPairs(pool, pack)) {
      const elsewhere = keyPlaceOf('keyless').open({ seal }, { pack, algorithm }, sealedKey);
      const signer = signerOf?.(chain, elsewhere);
      if (signer) await proveSigner(signer, publicKeyOf(chain));
    }
    return undefined;
  } catch (error) {
    return wordsOf(error);
  }
}
