/** Whose move it is after a refusal, and what it is: by the step that was refused and the type of the problem (RFC 8555 6.7). */
import type { Problem } from '../acme/acme.ts';
import { problemName } from '../acme/problem.ts';
import type { Mover } from '../pack/found.ts';
import type { ValidationMethod } from '../pack/validation-method.ts';

/** What a CA is asked for. */
export type Step = 'account' | 'order' | 'validation' | 'issuance' | 'delivery' | 'revocation' | 'renewal';

/** Words by type of problem; `other` for all that is not here. `{ca}` stands for the name of the CA in the configuration. */
interface Moves {
  readonly [type: string]: string;
  readonly other: string;
}

const AGAIN = 'it is tried again; the fault is with the CA';
const ALLOW = 'allow this CA in the CAA records of the host or its parents, or remove them';
const LEAVE_OUT = 'leave the host out, or order from another CA';
const DNS =
  'repair the DNS of the host: every name server of its zone must answer, with valid DNSSEC if it is signed';
const REPEATS = 'it is tried again; tell the operator if it repeats';
const CONTACT = 'the operator must set a contact address that this CA takes';
const ASK =
  'the operator can ask the CA for the account: `certpacks ca test {ca}` makes it anew where the CA forgot it';
const REQUEST =
  'the operator can set common_name = true in [ca.{ca}], for a CA that demands one; a new request is made';

/** What a type means at whatever step. */
// biome-ignore format: a table is read by column
const ANYWHERE: Readonly<Record<string, string>> = {
  accountDoesNotExist:     ASK,
  badNonce:                AGAIN,
  badSignatureAlgorithm:   'the operator can set rsa_account_key = true in [ca.{ca}], for an account that is made after `certpacks ca forget {ca}`',
  caa:                     ALLOW,
  compound:                'see each host',
  dns:                     DNS,
  externalAccountRequired: 'the operator must set eab_kid and eab_hmac_key for this CA',
  invalidContact:          CONTACT,
  rateLimited:             'wait until the limit has passed; ordering the same hosts again makes it longer',
  rejectedIdentifier:      LEAVE_OUT,
  serverInternal:          AGAIN,
  tls:                     'repair the TLS of the host',
  unsupportedContact:      CONTACT,
  unsupportedIdentifier:   LEAVE_OUT,
  userActionRequired:      'the operator must visit the page that the CA names, e.g. to agree to new terms',
};

// biome-ignore format: a table is read by column
const MOVES: Readonly<Record<Step, Moves>> = {
  account: {
    badPublicKey:        'the operator can set rsa_account_key = true in [ca.{ca}], for a CA that takes no ECDSA there',
    malformed:           'the operator must compare contact, eab_kid and eab_hmac_key in [ca.{ca}] with what the CA handed out',
    unauthorized:        'the operator must compare eab_kid and eab_hmac_key in [ca.{ca}] with what the CA handed out',
    other:               'the operator must see what the CA wants for an account: `certpacks ca test {ca}` tries it',
  },
  order: {
    alreadyReplaced:     REPEATS,
    invalidProfile:      'the operator must set profile in [ca.{ca}] to one that the CA has, as `certpacks ca test {ca}` lists them',
    malformed:           'the operator can set sends_not_after = false in [ca.{ca}], for a CA that takes no end of validity; check the hosts',
    unauthorized:        ASK,
    other:               REPEATS,
  },
  validation: {
    malformed:           'a new order is made; tell the operator if it repeats',
    other:               REPEATS,
  },
  issuance: {
    badCSR:              REQUEST,
    badPublicKey:        'a new key is made; tell the operator if it repeats',
    malformed:           REQUEST,
    orderNotReady:       'it is tried again',
    other:               REPEATS,
  },
  delivery: {
    other:               'it is asked for again: the certificate is issued, and not ordered anew for that',
  },
  revocation: {
    alreadyRevoked:      'nothing is left to do',
    badRevocationReason: 'it is asked for without a reason',
    unauthorized:        'the operator must have it revoked at the CA by the account that ordered it; it is asked for again until it ends',
    other:               'it is asked for again until it ends; tell the operator if it repeats',
  },
  renewal: {
    other:               'it is renewed in time whatever the CA says',
  },
};

/** What shows control, and what is to be done where the CA does not find it. */
// biome-ignore format: a table is read by column
const SHOWN: Readonly<Record<ValidationMethod, Readonly<Record<string, string>>>> = {
  txt: {
    connection:        'make every name server of the host\'s zone reachable for the CA',
    incorrectResponse: 'publish the TXT record as shown, on every name server, and no other value in its place',
    unauthorized:      'publish the TXT record as shown and check that the host\'s CNAME or NS records lead there',
  },
  http: {
    connection:        'make the host reachable for the CA on port 80, also over IPv6 where it has an address there',
    incorrectResponse: 'have the host show the file as shown, whole and at its URL',
    unauthorized:      'have the host show the file as shown, also where it redirects to',
  },
  email: {
    connection:        'the CA sends it again; make sure that mail reaches one of the addresses',
    unauthorized:      'follow the link in the newest mail to one of the addresses, and enter the code that stands there',
  },
};

/** Where a problem arose. */
export interface Refused {
  readonly ca: string;
  readonly step: Step;
  /** How control is shown; where the step is validation. */
  readonly method?: ValidationMethod | undefined;
}

/** The next step, in words: of the problem itself, or of the first of its subproblems that has one of its own. */
export function nextStep(problem: Problem, { ca, step, method }: Refused): string {
  const shown = step === 'validation' && method ? SHOWN[method] : {};
  const table: Readonly<Record<string, string>> = { ...ANYWHERE, ...MOVES[step], ...shown };
  const names = [...problem.subproblems, problem].map(problemName);
  const known = names.find((name) => name !== 'other' && Object.hasOwn(table, name)) ?? 'other';
  const words = (table[known] ?? '').replaceAll('{ca}', ca);
  return problem.instance === undefined ? words : `${words} (${problem.instance})`;
}

/** Whose move a step is, by how it begins. */
export function moverOfStep(words: string): Mover {
  if (words.startsWith('the operator ')) return 'operator';
  return /^(?:it is|a new|nothing|wait|the CA) /.test(words) ? 'ca' : 'customer';
}

/** Every step that a message can end with. */
export const STEPS: readonly string[] = [
  ...new Set(
    [ANYWHERE, ...Object.values(MOVES), ...Object.values(SHOWN)].flatMap((one) => Object.values(one)),
  ),
];

/** Ends of messages, and whose move each makes it: names of CAs have no space. */
const ENDS = STEPS.map((words) => {
  const parts = words.split('{ca}').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  return { end: new RegExp(`; ${parts.join(String.raw`\S+`)}$`), whose: moverOfStep(words) };
});

/** Whose move the step makes it that a message ends with; undefined: it ends with none of these. What a CA wrote stands before. */
export function moverOf(message: string): Mover | undefined {
  // The page that a problem names.
  const bare = message.endsWith(')') ? message.slice(0, message.lastIndexOf(' (')) : message;
  return ENDS.find(({ end }) => end.test(message) || end.test(bare))?.whose;
}
