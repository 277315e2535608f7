/** The branding domain, as the option says. */
import type { Options } from '../kit/config.ts';
import { Fault } from '../kit/fault.ts';
import { LONGEST_BRANDING_DOMAIN } from '../pack/branding.ts';
import { isInternationalized, toName } from '../pack/hosts.ts';
import { toNameServers } from './addresses.ts';

/**
 * The domain below which branded certificates have their names, in lower case; '' for none. Throws `configuration` for what no CA
 * would issue for, what leaves no room for a name in a common name, or where no name server of ours answers.
 */
export function brandingDomainOf(options: Pick<Options, 'branding_domain' | 'name_servers'>): string {
  const text = options.branding_domain.replace(/\.$/, '');
  if (text === '') return '';
  const domain = named(text);
  if (domain.startsWith('*.') || isInternationalized(domain)) throw wrong(text, 'has to be a plain name');
  if (domain.length > LONGEST_BRANDING_DOMAIN)
    throw wrong(text, `must have at most ${LONGEST_BRANDING_DOMAIN} characters: its names are common names`);
  if (toNameServers(options.name_servers).length === 0)
    throw wrong(text, 'needs name_servers: they are asked for the records that show control of its names');
  return domain;
}

function named(text: string): string {
  try {
    return toName(text);
  } catch (cause) {
    throw wrong(text, cause instanceof Fault ? `is no domain: ${cause.message}` : 'is no domain');
  }
}

const wrong = (text: string, why: string): Fault =>
  new Fault('configuration', `branding_domain '${text.slice(0, 100)}' ${why}`);
