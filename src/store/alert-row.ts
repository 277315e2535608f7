/** What the tables of alerts share: rows of an account, found by it and their ids. */
import { cellOf } from './zone-key.ts';

/** By which one of an account is found. */
export interface AlertKey {
  readonly accountId: string;
  readonly id: string;
}

/** Values of the conditions below. */
export const accountKey = (accountId: string) => ({ cell: cellOf(accountId), account: accountId });
export const alertKey = ({ accountId, id }: AlertKey) => ({ ...accountKey(accountId), id });

export const OF_ACCOUNT = 'cell = :cell and account_id = :account';
export const THIS = `${OF_ACCOUNT} and id = :id`;
