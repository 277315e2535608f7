import type { Algorithm, Pack, Run } from './pack.ts';
import { algorithmsOf } from './type.ts';

/** The first algorithm of which a run has no certificate yet: one that begins again may have some. */
export const firstMissing = ({ pack, run }: { readonly pack: Pack; readonly run: Run }): Algorithm =>
  algorithmsOf(pack).find((one) => !run.certificates.some(({ algorithm }) => algorithm === one)) ?? 'ecdsa';
