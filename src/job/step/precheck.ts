import type { CaAuthorization } from '../../ca/ca.ts';
import type { Work } from '../../operation/work.ts';
import { delegatedName } from '../../pack/pack-json.ts';
import type { ByMethod, ShownBy, ValidationMethod } from '../../pack/validation-method.ts';
import type { JobDeps } from '../job.ts';

/** What we saw of a record before a CA is told to look. */
export interface Prechecked {
  /** The TXT name or the URL. */
  readonly name: string;
  readonly isVisible: boolean;
  /** What each server said, for logs. */
  readonly seen: readonly object[];
  /** One sentence for the subscriber where it cannot be seen. */
  readonly problem?: string;
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
    const isOurs = pack.zone.type === 'full' || delegationZone === '';
    // Where a CNAME is to lead if the subscriber delegates validation to us.
    const delegatedTo = isOurs ? undefined : delegatedName(host, pack.zone.delegationUuid, delegationZone);
    const wanted = { txtName, txtValue, ...(delegatedTo !== undefined && { delegatedTo }) };
    return { ...(await deps.precheckTxt(wanted, signal)), name: txtName };
  },
  http: async ({ httpUrl, httpBody }, { deps, signal }) => ({
    ...(await deps.precheckHttp({ url: httpUrl, body: httpBody }, signal)),
    name: httpUrl,
  }),
  // Whether a mail is answered is between the CA and who reads it: the CA is told at once, so that it sends its mails.
  email: async (_, { host, isHeld }) => ({
    name: host,
    isVisible: !isHeld,
    seen: [],
    ...(isHeld && { problem: unasked(host) }),
  }),
};

const unasked = (host: string): string =>
  `the CA sends no mail for ${host}: it holds control for shown already, and does not let go of that; order with 'txt'`;

/** Looks whether a CA would see what it wants to. */
export const precheck = (
  authorization: CaAuthorization,
  around: Pick<Around, 'deps' | 'work' | 'signal'>,
): Promise<Prechecked> =>
  look(authorization.shown, {
    ...around,
    host: authorization.name,
    isHeld: authorization.isHeldValid ?? false,
  });

const look = <M extends ValidationMethod>(shown: ShownBy<M>, around: Around): Promise<Prechecked> =>
  PRECHECKS[shown.method](shown, around);
