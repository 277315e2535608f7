/** Oddities of certificates, and of how they are delivered. */
import type { TestRule } from '../simulator/simulated-ca.ts';
import type { Oddity } from './oddity.ts';

type ChainRule = Extract<TestRule, { fault: 'chain' }>;
type LeafRule = Extract<TestRule, { fault: 'leaf' }>;

const chain = (parts: NonNullable<ChainRule['parts']>, more: Partial<ChainRule> = {}): Oddity => ({
  rules: [{ on: 'certificate', fault: 'chain', parts, ...more }],
});

const headers = (type: string | null): Oddity => ({
  rules: [{ on: 'certificate', fault: 'patch', headers: { 'content-type': type } }],
});

const leaf = (told: Partial<LeafRule>, more: Partial<Oddity> = {}): Oddity => ({
  rules: [{ on: 'finalize', fault: 'leaf', ...told }],
  ...more,
});

const PEM = { 'content-type': 'application/pem-certificate-chain' };

const [MINUTE, HOUR, DAY] = [60, 3_600, 86_400] as const;

/** The leaf alone; the whole chain stands at another URL, which is linked. */
const LINKED: TestRule = {
  on: 'certificate',
  step: async (exchange, next) => {
    const answer = await next(exchange);
    if (exchange.target.includes('?')) return answer;
    const [first = ''] = String(answer.content).split(/(?<=-----END CERTIFICATE-----\n)/);
    return { ...answer, headers: { ...answer.headers, link: '<?whole>;rel="alternate"' }, content: first };
  },
};

/** Of certificates. */
export const CERTIFICATES: Readonly<Record<string, Oddity>> = {
  'delivers leaf, root, intermediate': chain(['leaf', 'root', 'issuer']),
  'delivers root, intermediate, leaf': chain(['root', 'issuer', 'leaf']),
  'delivers the intermediate before the leaf': chain(['issuer', 'leaf']),
  'delivers the root too': chain(['leaf', 'issuer', 'root']),
  'delivers a stranger in the middle of the chain': chain(['leaf', 'stranger', 'issuer']),
  'delivers a stranger first': chain(['stranger', 'leaf', 'issuer']),
  'delivers a CA of the same name before the issuer': chain(['leaf', 'namesake', 'issuer']),
  'delivers the leaf twice': chain(['leaf', 'leaf', 'issuer']),
  'delivers the issuer twice': chain(['leaf', 'issuer', 'issuer']),
  'delivers a private key among certificates': chain(['leaf', 'key', 'issuer']),
  'writes words around certificates': chain(['leaf', 'issuer'], {
    noise: 'Bag Attributes\n  friendlyName: x\n',
  }),
  'ends lines with CR LF': { rules: [{ on: 'certificate', fault: 'pem', line_end: '\r\n' }] },
  'ends lines with CR': { rules: [{ on: 'certificate', fault: 'pem', line_end: '\r' }] },
  'does not end the last line': { rules: [{ on: 'certificate', fault: 'pem', is_open: true }] },
  'puts no line break between certificates': { rules: [{ on: 'certificate', fault: 'pem', is_dense: true }] },
  'calls a chain text/plain': headers('text/plain'),
  'calls a chain application/octet-stream': headers('application/octet-stream'),
  'says nothing of the type of a chain': headers(null),
  'links to the whole chain from the leaf alone': { rules: [LINKED] },
  'delivers the leaf alone at first': {
    ...chain(['leaf'], { times: 5 }),
    says: /without the certificate of its issuer; .*asked for again/,
  },
  'delivers the leaf alone for ever': {
    ...chain(['leaf']),
    isHopeless: true,
    says: /without .*; it is not used, and ordered anew not before .* UTC: at most 1 more/,
    spoiled: 99,
  },
  'breaks a chain off at first': {
    ...chain(['leaf', 'issuer'], { bytes: 300, times: 4 }),
    says: /cannot be had/,
  },
  'garbles the leaf at first': {
    ...chain(['leaf', 'issuer'], { is_garbled: true, times: 4 }),
    says: /another public key .*asked for again/,
  },
  'delivers another certificate at first': {
    ...chain(['issuer'], { times: 4 }),
    says: /another public key .*asked for again/,
  },
  'delivers nothing at first': {
    rules: [{ on: 'certificate', times: 4, fault: 'answer', headers: PEM, body: '' }],
    says: /cannot be had/,
  },
  'answers HTML in place of the chain at first': {
    rules: [
      {
        on: 'certificate',
        times: 4,
        fault: 'answer',
        headers: { 'content-type': 'text/html' },
        body: '<html>',
      },
    ],
    says: /cannot be had .*text\/html/,
  },
  'has no certificate yet at the URL that it names': {
    rules: [{ on: 'certificate', times: 8, fault: 'answer', status: 404 }],
    says: /cannot be had/,
  },
  'fails at the download for a while': {
    rules: [{ on: 'certificate', times: 4, fault: 'answer', problem: 'serverInternal' }],
    says: /the fault is with the CA|asked for again/,
  },
  'issues for half a minute from now': leaf({ starts_in_s: 30 }, { says: /begins at .*; it is waited for/ }),
  'issues for four minutes from now': leaf({ starts_in_s: 4 * MINUTE }, { says: /begins at/ }),
  'issues for an hour from now': leaf(
    { starts_in_s: HOUR },
    { says: /valid only from .*ordered anew/, spoiled: 1, within: 3 * HOUR },
  ),
  'dates back by an hour': leaf({ starts_in_s: -HOUR }),
  'dates back by ten days': leaf(
    { starts_in_s: -10 * DAY, lasts_s: 90 * DAY - 1 },
    { says: /for 80 days, until .*, though 90 were ordered/ },
  ),
  'issues for 30 days in place of 90': leaf(
    { lasts_s: 30 * DAY - 1 },
    { says: /ECDSA certificate for 30 days, until .*, though 90 were ordered/ },
  ),
  'issues for a year in place of 90 days': leaf({ lasts_s: 365 * DAY }, { says: /for 365 days/ }),
  'adds the name with www': leaf(
    { names: ['shop.test', 'www.shop.test'] },
    { says: /issued for www\.shop\.test too, though that was not ordered; it is served/ },
  ),
  'adds the name above a wildcard': leaf(
    { names: ['shop.test', '*.eu.shop.test', 'eu.shop.test'] },
    { hosts: ['*.eu.shop.test'] },
  ),
  'issues for other names once': leaf(
    { names: ['bank.test'], times: 1 },
    { says: /is for bank\.test instead of .*ordered anew: at most 1 more/, spoiled: 1 },
  ),
  'issues for other names always': leaf(
    { names: ['bank.test'] },
    { isHopeless: true, says: /ordered anew not before/, spoiled: 99 },
  ),
  'issues for another key once': leaf({ key: 'other', times: 1 }, { says: /another public key/, spoiled: 1 }),
  'issues what has ended, once': leaf(
    { starts_in_s: -2 * DAY, lasts_s: DAY, times: 1 },
    { says: /was valid only until/, spoiled: 1 },
  ),
  'issues a certificate of a CA once': leaf(
    { is_ca: true, times: 1 },
    { says: /is one of a CA/, spoiled: 1 },
  ),
};
