/** Which packs have their keys in a token, and how these are got. */
import { isKeptElsewhere, type TokenDeps } from '../../key/key.ts';
import { noteTokenKey, takeTokenKey } from '../../operation/take-token-key.ts';
import type { Work } from '../../operation/work.ts';
import type { Algorithm, KeyPlaceName, Pack } from '../../pack/pack.ts';
import { RUNS } from '../../pack/run.ts';
import { listSealedKeys } from '../../store/token-keys.ts';
import type { JobDeps } from '../job.ts';

/** Where a new key of a pack is to be: as the operator says, but where the one of the other algorithm is, in one and the same run. */
export async function newKeyPlace(
  deps: JobDeps,
  { pack, run }: Pick<Work, 'pack' | 'run'>,
  algorithm: Algorithm,
): Promise<KeyPlaceName> {
  if (deps.tokens?.isFor(pack.zone) !== true) return 'sealed';
  const table = RUNS[run.kind].isAside ? 'successors' : 'certificates';
  const isIssued = (other: Algorithm) => run.certificates.some((one) => one.algorithm === other);
  const twin = (await listSealedKeys(deps.pool, pack)).find(
    ({ algorithm: other, place }) =>
      other !== algorithm && (place === 'orders' || (place === table && isIssued(other))),
  );
  if (!twin) return 'token';
  return isKeptElsewhere(deps, { pack, algorithm: twin.algorithm }, twin.sealedKey) ? 'token' : 'sealed';
}

/** How keys of a pack in a token are got and signed with. */
export function tokenDepsOf(deps: JobDeps, pack: Pack): TokenDeps | undefined {
  const { tokens } = deps;
  if (!tokens) return undefined;
  return {
    async take({ algorithm }) {
      const spare = await takeTokenKey(deps, pack, algorithm, tokens.label);
      const publicKey = await tokens.keys.make(spare.uri, algorithm);
      await noteTokenKey(deps, pack, spare);
      return { uri: spare.uri, publicKey };
    },
    sign: tokens.keys.sign,
  };
}
