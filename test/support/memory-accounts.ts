import type { CaAccount, CaAccounts } from '../../src/ca/ca.ts';

/** Accounts kept in memory. */
export function memoryAccounts(): CaAccounts & { readonly kept: Map<string, CaAccount> } {
  const kept = new Map<string, CaAccount>();
  return {
    kept,
    get: (ca, directoryUrl) => Promise.resolve(kept.get(`${ca} ${directoryUrl}`)),
    save: (ca, directoryUrl, account) => {
      const first = kept.get(`${ca} ${directoryUrl}`) ?? account;
      kept.set(`${ca} ${directoryUrl}`, first);
      return Promise.resolve(first);
    },
  };
}
