/** What becomes of agents when the key-encryption key is lost: with the key of their CA nobody can be certified any more. */
import { forgetAgents } from '../store/edge-agents.ts';
import { deleteAgentCaSealedOtherwise } from '../store/sealed.ts';
import { type Pool, transaction } from '../store/store.ts';

/** Gives up the CA where none of these keys opens its key; the next process makes another. How many edges want a new token. */
export function giveUpAgents(pool: Pool, kekIds: readonly string[]): Promise<number> {
  return transaction(pool, async (tx) =>
    (await deleteAgentCaSealedOtherwise(tx, kekIds)) ? forgetAgents(tx, WHY) : 0,
  );
}

const WHY = 'the CA of its agent was lost with the key-encryption key: enrol it with a new token';
