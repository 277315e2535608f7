import type { CaAuthorization } from '../../ca/ca.ts';
import type { Seen } from '../../dns/dns.ts';
import type { Work } from '../../operation/work.ts';
import { challengeName, type DelegationSeen, delegatedName, delegationsOf } from '../../pack/delegation.ts';
import type { NewEvidence, Situation } from '../../pack/found.ts';
import type { Pack } from '../../pack/pack.ts';
import { isAnsweredHere } from '../../pack/type.ts';
import type { ByMethod, ShownBy, ValidationMethod } from '../../pack/validation-method.ts';
import type { JobDeps } from '../job.ts';

/** What we saw of a record before a CA is told to look. */
export interface Prechecked {
  /** The TXT name or the URL. */
  readonly name: string;
  readonly isVisible: boolean;
  /** What each server said. */
  readonly witnesses: readonly NewEvidence[];
  /** One sentence for the subscriber where it cannot be seen. */
  readonly problem?: string;
  /** In which situation its name is, where that is a known one. */
  readonly situation?: Situation;
  /** Whether it is of the branded name, which we show control of ourselves. */
  readonly isBranded?: true;
  /** Where its validation can be delegated, and servers told: whether it is. */
  readonly delegation?: DelegationSeen | undefined;
}

/** What a look needs beside the record. */
interface Around {
  readonly deps: JobDeps;
  readonly work: Work;
  /** Name with its wildcard. */
  readonly host: string;
  /** Whether the CA holds it valid already, and asks for nothing. */
  readonly isHeld: boolean;
  readonly signal: AbortSignal;
}

const PRECHECKS: ByMethod<Promise<Prechecked>, [Around]> = {
  txt: async ({ txtName, txtValue }, { deps, work: { pack }, host, signal }) => {
    const { delegationZone } = deps.json;
    const isOurs = isAnsweredHere(pack) || delegationZone === '';
    // Where a CNAME is to lead if the subscriber delegates validation to us.
    const delegatedTo = isOurs ? undefined : delegatedName(host, pack.zone.delegationUuid, delegationZone);
    const wanted = { txtName, txtValue, ...(delegatedTo !== undefined && { delegatedTo }) };
    const { isLedToUs, seen, ...look } = await deps.precheckTxt(wanted, signal);
    const delegation = delegatedTo === undefined ? undefined : seenOf(delegatedTo, isLedToUs);
    return { ...look, name: txtName, witnesses: seen.map(serverSaid), delegation };
  },
  http: async ({ httpUrl, httpBody }, { deps, signal }) => {
    const { seen, ...look } = await deps.precheckHttp({ url: httpUrl, body: httpBody }, signal);
    const witnesses = seen.map(({ url: about, address: who, said }) => ({ by, who, about, said }));
    return { ...look, name: httpUrl, witnesses };
  },
  // Whether a mail is answered is between the CA and who reads it: the CA is told at once, so that it sends its mails.
  email: async (_, { host, isHeld }) => ({
    name: host,
    isVisible: !isHeld,
    witnesses: [],
    ...(isHeld && { problem: unasked(host) }),
  }),
};

const seenOf = (target: string, isLedTo: boolean | undefined): DelegationSeen | undefined =>
  isLedTo === undefined ? undefined : { target, isLedTo };
const by = 'web_server' as const;

/** What a name server answered, in words. */
function serverSaid({ server, name, answer, values }: Seen): NewEvidence {
  const said = answer === 'values' ? values.map((one) => `"${one}"`).join(', ') : ANSWERS[answer];
  return { by: 'name_server', who: server, about: name, said };
}

const ANSWERS: Readonly<Record<Exclude<Seen['answer'], 'values'>, string>> = {
  no_record: 'there is no such record',
  no_name: 'the name does not exist',
  refused: 'it refuses to answer',
  failed: 'it answers with a failure',
  unreachable: 'it cannot be reached',
};

const unasked = (host: string): string =>
  `the CA sends no mail for ${host}: it holds control for shown already, and does not let go of that; order with 'txt'`;

/** Looks whether a CA would see what it wants to. */
export const precheck = (
  authorization: CaAuthorization,
  around: Pick<Around, 'deps' | 'work' | 'signal'>,
): Promise<Prechecked> =>
  authorization.name === around.work.pack.brandedAs
    ? lookAtOwn(authorization, around)
    : look(authorization.shown, {
        ...around,
        host: authorization.name,
        isHeld: authorization.isHeldValid ?? false,
      });

/** The record of a branded name: our own name servers show it, and where they do not nobody but the operator can help. */
async function lookAtOwn(
  { shown, name }: CaAuthorization,
  { deps, signal }: Pick<Around, 'deps' | 'signal'>,
): Promise<Prechecked> {
  if (shown.method !== 'txt') throw new Error(`${name} is not shown by TXT`);
  const { txtName, txtValue } = shown;
  const { isVisible, seen, problem } = await deps.precheckTxt({ txtName, txtValue }, signal);
  const words = `${problem?.split('; ')[0] ?? `${txtName} cannot be seen yet`}; ${OPERATORS_MOVE}`;
  const said = { isBranded: true, witnesses: seen.map(serverSaid) } as const;
  return { name: txtName, isVisible, ...said, ...(!isVisible && { problem: words }) };
}

const OPERATORS_MOVE =
  "this name is what cloudflare_branding adds, and the operator's to put right; it is looked at again";

const look = <M extends ValidationMethod>(shown: ShownBy<M>, around: Around): Promise<Prechecked> =>
  PRECHECKS[shown.method](shown, around);

/** Looks, for each name of a pack of which validation can be delegated, whether it is; what servers tell. */
export async function lookAtDelegations(
  deps: JobDeps,
  pack: Pack,
  signal: AbortSignal,
): Promise<DelegationSeen[]> {
  const looks = delegationsOf(pack, deps.json.delegationZone).map(async ({ name, target }) => {
    const wanted = { txtName: challengeName(name), txtValue: '', delegatedTo: target };
    return seenOf(target, (await deps.precheckTxt(wanted, signal)).isLedToUs) ?? [];
  });
  return (await Promise.all(looks)).flat();
}
