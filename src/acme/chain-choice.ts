import type { X509Certificate } from 'node:crypto';
import type { Account } from './account.ts';
import { parseChain } from './chain.ts';
import { isServerUrl } from './fields.ts';
import type { AcmeResponse } from './http.ts';
import { signRequest } from './jws.ts';
import { demandType } from './response.ts';
import type { Session } from './session.ts';

const MOST_CHAIN = 512 * 1_024;
/** Most alternate chains that are looked at. */
const MOST_ALTERNATES = 10;

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

/** The chain in PEM. Alternates (`Link: rel="alternate"`) are fetched only while the root was not found. */
export async function downloadChain(
  session: Session,
  account: Account,
  { url, root }: ChainAsk,
  signal: AbortSignal,
): Promise<string> {
  const fetched = await fetchChain(session, account, url, signal);
  const own = parseChain(fetched.body.toString('latin1'));
  if (root === undefined || endsAt(own, root)) return toPem(own);
  for (const alternate of alternatesOf(fetched)) {
    const other = await fetchChain(session, account, alternate, signal);
    const chain = parseChain(other.body.toString('latin1'));
    // A CA that hands out another certificate there is not one to choose from.
    if (chain[0]?.fingerprint256 === own[0]?.fingerprint256 && endsAt(chain, root)) return toPem(chain);
  }
  return toPem(own);
}

async function fetchChain(
  session: Session,
  account: Account,
  url: string,
  signal: AbortSignal,
): Promise<AcmeResponse> {
  const sign = (nonce: string) => signRequest(account.key, { account: account.url, nonce, url }, undefined);
  const wanted = { accept: 'application/pem-certificate-chain', mostBytes: MOST_CHAIN };
  const answer = await session.post(url, sign, signal, wanted);
  demandType(answer, /^application\/pem-certificate-chain$/);
  return answer;
}

const toPem = (chain: readonly X509Certificate[]): string => chain.map(String).join('');

/** Whether the last certificate is the root, or was issued by it. */
function endsAt(chain: readonly X509Certificate[], root: string): boolean {
  const last = chain.at(-1);
  if (!last) return false;
  const fingerprint = last.fingerprint256.replaceAll(':', '').toLowerCase();
  return last.issuer.split('\n').includes(`CN=${root}`) || fingerprint === root;
}

/** URLs of the answer's links (RFC 8288 3) that lead to other chains of the same certificate. */
export function alternatesOf({ headers, url }: Pick<AcmeResponse, 'headers' | 'url'>): string[] {
  const links = [headers['link'] ?? []].flat().join(', ');
  const found = [...links.matchAll(/<([^<>]{1,2000})>((?:\s*;\s*[\w*]+\s*=\s*(?:"[^"]*"|[^\s",;]+))*)/g)];
  return found
    .filter(([, , parameters = '']) =>
      /;\s*rel\s*=\s*(?:"(?:[^"]*\s)?alternate(?:\s[^"]*)?"|alternate\b)/i.test(parameters),
    )
    .map(([, target = '']) => URL.parse(target, url)?.href ?? '')
    .filter(isServerUrl)
    .slice(0, MOST_ALTERNATES);
}
