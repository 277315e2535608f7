import type { X509Certificate } from 'node:crypto';
import { Fault } from '../kit/fault.ts';
import type { Account } from './account.ts';
import { chainFrom, readDelivered } from './chain.ts';
import { isServerUrl } from './fields.ts';
import type { AcmeResponse } from './http.ts';
import type { Session } from './session.ts';

const MOST_CHAIN = 512 * 1_024;
/** Most alternate chains that are looked at, and certificates that lie above one. */
const MOST_LINKED = 10;

/** Which chain of a certificate is wanted. */
export interface ChainAsk {
  /** Of the certificate (RFC 8555 7.4.2). */
  readonly url: string;
  /**
   * Root at which it is to end, by the common name of its subject or by its SHA-256 fingerprint in lower-case
   * hexadecimal; undefined: as the CA chooses.
   */
  readonly root: string | undefined;
}

/**
 * The certificates that the CA delivers in PEM, in its own order. Alternates (`Link: rel="alternate"`) are fetched only while
 * the root was not found, and what else is linked only where the issuer of the first is missing. Throws `ca_wrong_answer` for
 * an answer without a certificate.
 */
export async function downloadChain(
  session: Session,
  account: Account,
  { url, root }: ChainAsk,
  signal: AbortSignal,
): Promise<string> {
  const fetch = (from: string) => fetchChain(session, account, from, signal);
  const own = await fetch(url);
  if (own.certificates.length === 0) throw nothingIn(own.answer, session.host);
  if (root === undefined || endsAt(own, root)) return toPem(await completed(own, fetch));
  for (const alternate of linksOf(own.answer, 'alternate')) {
    const other = await fetch(alternate);
    // A CA that hands out another certificate there is not one to choose from.
    if (leafOf(other)?.fingerprint256 === leafOf(own)?.fingerprint256 && endsAt(other, root))
      return toPem(other.certificates);
  }
  return toPem(await completed(own, fetch));
}

function nothingIn({ status, headers }: AcmeResponse, host: string): Fault {
  const type = JSON.stringify((headers['content-type'] ?? '').slice(0, 100));
  const what = `HTTP ${status} with content of type ${type}, in which is no certificate in PEM (RFC 8555 9.1)`;
  return new Fault('ca_wrong_answer', `${host} answered ${what}`);
}

interface Delivered {
  readonly answer: AcmeResponse;
  readonly certificates: readonly X509Certificate[];
}

type Fetch = (url: string) => Promise<Delivered>;

async function fetchChain(
  session: Session,
  account: Account,
  url: string,
  signal: AbortSignal,
): Promise<Delivered> {
  const wanted = { accept: 'application/pem-certificate-chain', mostBytes: MOST_CHAIN };
  const answer = await session.read(account, { endpoint: 'certificate', url }, signal, wanted);
  return { answer, certificates: readDelivered(answer.body) };
}

/** The certificates; where they are one leaf alone, also those of other chains and those above (RFC 8555 7.4.2 `up`). */
async function completed(own: Delivered, fetch: Fetch): Promise<readonly X509Certificate[]> {
  const all = [...own.certificates];
  if (all.length > 1) return all;
  const linked = ['up', 'alternate'].flatMap((relation) => linksOf(own.answer, relation));
  for (let next = linked.shift(), count = 0; next !== undefined && count < MOST_LINKED; count += 1) {
    // What is above may be out of reach: the certificate itself is there.
    const found = await fetch(next).catch(faultAside);
    all.push(...(found?.certificates ?? []));
    if (found) linked.push(...linksOf(found.answer, 'up'));
    next = linked.shift();
  }
  return all;
}

function faultAside(error: unknown): undefined {
  if (!(error instanceof Fault)) throw error;
  return undefined;
}

const toPem = (chain: readonly X509Certificate[]): string => chain.map(String).join('');

/** The first that is none of a CA. */
const leafOf = ({ certificates }: Delivered): X509Certificate | undefined =>
  certificates.find(({ ca }) => !ca) ?? certificates[0];

/** Whether the last certificate of the leaf's chain is the root, or was issued by it. */
function endsAt(delivered: Delivered, root: string): boolean {
  const leaf = leafOf(delivered);
  const last = leaf && chainFrom(leaf, delivered.certificates).at(-1);
  if (!last) return false;
  const fingerprint = last.fingerprint256.replaceAll(':', '').toLowerCase();
  return last.issuer.split('\n').includes(`CN=${root}`) || fingerprint === root;
}

/** URLs of the answer's links (RFC 8288 3) of a relation: `alternate`, other chains of the same certificate; `up`, its issuer's. */
export function linksOf({ headers, url }: Pick<AcmeResponse, 'headers' | 'url'>, relation: string): string[] {
  const links = [headers['link'] ?? []].flat().join(', ');
  const found = [...links.matchAll(/<([^<>]{1,2000})>((?:\s*;\s*[\w*]+\s*=\s*(?:"[^"]*"|[^\s",;]+))*)/g)];
  const wanted = new RegExp(
    `;\\s*rel\\s*=\\s*(?:"(?:[^"]*\\s)?${relation}(?:\\s[^"]*)?"|${relation}\\b)`,
    'i',
  );
  return found
    .filter(([, , parameters = '']) => wanted.test(parameters))
    .map(([, target = '']) => URL.parse(target, url)?.href ?? '')
    .filter(isServerUrl)
    .slice(0, MOST_LINKED);
}
