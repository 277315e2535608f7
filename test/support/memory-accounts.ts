import type { CaAccount, CaAccounts } from '../../src/ca/kept-accounts.ts';

/** Accounts kept in memory. */
export function memoryAccounts(): CaAccounts & { readonly kept: Map<string, CaAccount> } {
  const kept = new Map<string, CaAccount>();
  return {
    kept,
    get: async (ca, directoryUrl) => kept.get(`${ca} ${directoryUrl}`),
    begin: async (ca, directoryUrl, key) => {
      const first = kept.get(`${ca} ${directoryUrl}`) ?? { key };
      kept.set(`${ca} ${directoryUrl}`, first);
      return first;
    },
    settle: async (ca, directoryUrl, account) => void kept.set(`${ca} ${directoryUrl}`, account),
  };
}
