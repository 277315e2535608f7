import type { TxtData } from 'dns-packet';
import { RCODE } from './message.ts';
import type { Resolver } from './resolver.ts';

/** What a validator sees at a name: the texts of its TXT records, or why it sees nothing. */
export type LookUpTxt = { readonly texts: readonly string[] } | { readonly failure: string };

/** Looks up the TXT records of a name, following aliases; the strings of one record are put together. */
export async function lookUpTxt(resolver: Resolver, name: string): Promise<LookUpTxt> {
  const { rcode, answers = [] } = await resolver.resolve(name, 'TXT');
  if (rcode === RCODE.NXDOMAIN) return { failure: 'NXDOMAIN' };
  if (rcode !== RCODE.NOERROR) return { failure: 'SERVFAIL' };
  return { texts: answers.flatMap((answer) => (answer.type === 'TXT' ? [joined(answer.data)] : [])) };
}

const joined = (data: TxtData): string =>
  (Array.isArray(data) ? data : [data]).map((part) => part.toString()).join('');
