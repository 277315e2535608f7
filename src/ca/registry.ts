import { problemOf } from '../acme/problem.ts';
import { Fault } from '../kit/fault.ts';
import { type AcmeDirectory, type CaDeps, openDirectory } from './acme-directory.ts';
import type { Ca, CaaNames, CaOrder, CaRow, OrderAsk } from './ca.ts';
import { checkDirectory } from './check-directory.ts';
import { listHosts, messageOf } from './messages.ts';
import { deactivate, download, finalize, look, newOrder, validate } from './order.ts';
import { renewalWindow } from './renewal.ts';
import { revokeAsOwner } from './revoke.ts';

/**
 * The CA of a row. Its accounts are made when the first order needs them, once per directory. At most 16
 * requests are under way at once per directory. Throws `configuration` for URLs or TLS roots of no use.
 */
export function createCa(row: CaRow, deps: CaDeps): Ca {
  const ecdsa = openDirectory(row, row.directoryUrl, deps);
  const rsa = row.rsaDirectoryUrl === undefined ? ecdsa : openDirectory(row, row.rsaDirectoryUrl, deps);
  const step = <T>(order: CaOrder, work: (directory: AcmeDirectory) => Promise<T>): Promise<T> =>
    toTold(row, namesOf(order), work((order.isAtRsaDirectory ? rsa : ecdsa).ofTenant(order.tenant)));
  const directoryFor = ({ algorithm, tenant }: Pick<OrderAsk, 'algorithm' | 'tenant'>): AcmeDirectory =>
    (algorithm === 'rsa' ? rsa : ecdsa).ofTenant(row.hasAccountPerTenant ? tenant : undefined);
  return {
    row,
    prove: (signal) =>
      Promise.all(
        [...new Set([ecdsa, rsa])].map((directory) => toTold(row, [], checkDirectory(directory, signal))),
      ),
    caaNames: (asked, signal) => toTold(row, [], caaNames(directoryFor(asked), signal)),
    order: (ask, signal) => toTold(row, ask.names, newOrder(directoryFor(ask), ask, signal)),
    look: (order, signal) => step(order, (directory) => look(directory, order, signal)),
    validate: (order, signal) => step(order, (directory) => validate(directory, order, signal)),
    finalize: (order, csr, signal) => step(order, (directory) => finalize(directory, order, csr, signal)),
    download: (order, signal) => step(order, (directory) => download(directory, order, signal)),
    renewalWindow: (issued, signal) =>
      toTold(row, [], renewalWindow(issued.algorithm === 'rsa' ? rsa : ecdsa, issued, signal)),
    deactivate: ({ isAtRsaDirectory, tenant, url }, signal) =>
      toTold(row, [], deactivate((isAtRsaDirectory ? rsa : ecdsa).ofTenant(tenant), url, signal)),
    revoke: (ask, signal) =>
      toTold(row, [], revokeAsOwner(ask.algorithm === 'rsa' ? rsa : ecdsa, ask, signal)),
  };
}

const namesOf = ({ authorizations }: CaOrder): string[] => authorizations.map(({ name }) => name);

/** As the row has them, else as the directory does (RFC 8555 7.1.1 `caaIdentities`). */
async function caaNames({ row, client, account }: AcmeDirectory, signal: AbortSignal): Promise<CaaNames> {
  const { url } = await account.get(signal);
  const { meta } = await client.directory(signal);
  return { identities: row.caaIdentities ?? meta.caaIdentities ?? [], accountUri: url };
}

/** What `work` gives; its failures in words for the subscriber. */
async function toTold<T>(row: CaRow, names: readonly string[], work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const problem = problemOf(error);
    if (problem) {
      const { retryAfter } = problem;
      throw new Fault('ca_refused', messageOf(row.name, names, problem), { cause: problem, retryAfter });
    }
    if (!(error instanceof Fault) || !PASSING.includes(error.fault)) throw error;
    const asked = names.length > 0 ? `${row.name} for ${listHosts(names)}` : row.name;
    throw new Fault(error.fault, `${asked}: ${error.message}; it is tried again`, { cause: error });
  }
}

const PASSING: readonly string[] = ['ca_unreachable', 'ca_wrong_answer'];
