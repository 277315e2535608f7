import { isProblem, problemOf } from '../acme/problem.ts';
import { Fault } from '../kit/fault.ts';
import { type AcmeDirectory, type CaDeps, openDirectory } from './acme-directory.ts';
import type { Ca, CaaNames, CaOrder, CaRow, RevokeAsk } from './ca.ts';
import { checkDirectory } from './check-directory.ts';
import { finalize } from './finalize.ts';
import { listHosts, messageOf } from './messages.ts';
import type { Step } from './next-step.ts';
import { deactivate, download, look, newOrder, validate } from './order.ts';
import { renewalWindow } from './renewal.ts';
import { revokeAsOwner } from './revoke.ts';

/** What is asked of a directory, for messages. */
interface About {
  readonly step: Step;
  readonly names: readonly string[];
}

/**
 * The CA of a row. Its accounts are made when the first order needs them, once per directory. At most 16
 * requests are under way at once per directory. Throws `configuration` for URLs or TLS roots of no use.
 */
export function createCa(row: CaRow, deps: CaDeps): Ca {
  const ecdsa = openDirectory(row, row.directoryUrl, deps);
  const rsa = row.rsaDirectoryUrl === undefined ? ecdsa : openDirectory(row, row.rsaDirectoryUrl, deps);
  const of = (algorithm: string) => (algorithm === 'rsa' ? rsa : ecdsa);
  const ownOf = ({ algorithm, tenant }: Pick<RevokeAsk, 'algorithm' | 'tenant'>): AcmeDirectory =>
    of(algorithm).ofTenant(row.hasAccountPerTenant ? tenant : undefined);
  const madeBy = ({ isAtRsaDirectory, tenant }: Pick<CaOrder, 'isAtRsaDirectory' | 'tenant'>) =>
    (isAtRsaDirectory ? rsa : ecdsa).ofTenant(tenant);
  const at = <T>(order: CaOrder, step: Step, work: (directory: AcmeDirectory) => Promise<T>): Promise<T> =>
    asked(madeBy(order), { step, names: namesOf(order) }, work);
  return {
    row,
    prove: (signal) =>
      Promise.all(
        [...new Set([ecdsa, rsa])].map((one) =>
          asked(one, { step: 'account', names: [] }, (directory) => checkDirectory(directory, signal)),
        ),
      ),
    isAccountKnown: async (tenant, signal) => {
      const places = [...new Set([ecdsa, rsa])].map((one) => one.ofTenant(tenant).account);
      return (await Promise.all(places.map((one) => one.isKnown(signal)))).some(Boolean);
    },
    caaNames: (whose, signal) =>
      asked(ownOf(whose), { step: 'account', names: [] }, (directory) => caaNames(directory, signal)),
    order: (ask, signal) =>
      asked(ownOf(ask), { step: 'order', names: ask.names }, (directory) => newOrder(directory, ask, signal)),
    look: (order, signal) =>
      at(order, order.status === 'pending' ? 'validation' : 'issuance', (directory) =>
        look(directory, order, signal),
      ),
    validate: (order, signal) => at(order, 'validation', (directory) => validate(directory, order, signal)),
    finalize: (order, csr, signal) =>
      at(order, 'issuance', (directory) => finalize(directory, order, csr, signal)),
    download: (order, signal) => at(order, 'delivery', (directory) => download(directory, order, signal)),
    renewalWindow: (issued, signal) =>
      asked(of(issued.algorithm), { step: 'renewal', names: [] }, (directory) =>
        renewalWindow(directory, issued, signal),
      ),
    deactivate: (which, signal) =>
      asked(madeBy(which), { step: 'validation', names: [] }, (directory) =>
        deactivate(directory, which.url, signal),
      ),
    revoke: (ask, signal) =>
      asked(ownOf(ask), { step: 'revocation', names: [] }, (directory) =>
        revokeAsOwner(directory, ask, signal),
      ),
  };
}

const namesOf = ({ authorizations }: CaOrder): string[] => authorizations.map(({ name }) => name);

/** As the row has them, else as the directory does (RFC 8555 7.1.1 `caaIdentities`). */
async function caaNames({ row, client, account }: AcmeDirectory, signal: AbortSignal): Promise<CaaNames> {
  const { url } = await account.get(signal);
  const { meta } = await client.directory(signal);
  return { identities: row.caaIdentities ?? meta.caaIdentities ?? [], accountUri: url };
}

/** What `work` gives; its failures in words for the subscriber. Either says something of our account there. */
async function asked<T>(
  directory: AcmeDirectory,
  about: About,
  work: (directory: AcmeDirectory) => Promise<T>,
): Promise<T> {
  try {
    const result = await work(directory);
    if (SIGNED.includes(about.step)) directory.account.trust();
    return result;
  } catch (error) {
    directory.account.doubt(error, about.step === 'order');
    throw inWords(directory.row, about, error);
  }
}

/** Steps at which the account signs. */
const SIGNED: readonly Step[] = ['order', 'validation', 'issuance', 'delivery', 'revocation'];

function inWords(row: CaRow, { step, names }: About, error: unknown): unknown {
  const problem = problemOf(error);
  if (problem) {
    const { retryAfter } = problem;
    // One of the CA's servers may not have heard of the account yet: that is no refusal of what was asked for.
    const isOfAccount = isProblem(problem, 'accountDoesNotExist');
    const message = messageOf({ ca: row.name, step }, names, problem);
    return new Fault(isOfAccount ? 'ca_wrong_answer' : 'ca_refused', message, { cause: problem, retryAfter });
  }
  if (!(error instanceof Fault) || !PASSING.includes(error.fault)) return error;
  const what = names.length > 0 ? `${row.name} for ${listHosts(names)}` : row.name;
  const { retryAfter } = error;
  return new Fault(error.fault, `${what}: ${error.message}; it is tried again`, { cause: error, retryAfter });
}

const PASSING: readonly string[] = ['ca_unreachable', 'ca_wrong_answer'];
