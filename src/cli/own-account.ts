import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { Fault } from '../kit/fault.ts';
import { type ApiPlace, call } from './client.ts';

const Accounts = Compile(Type.Array(Type.Object({ id: Type.String() })));

/** Id of the account of the token that asks. Throws `configuration` where it sees none. */
export async function ownAccount(place: ApiPlace): Promise<string> {
  const { result } = await call(place, 'GET', '/accounts');
  if (Accounts.Check(result) && result[0]) return result[0].id;
  throw new Fault('configuration', 'the token sees no account; name it by --account');
}
