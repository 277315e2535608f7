import type { Answer, DecodedPacket, RecordType } from 'dns-packet';
import { ask, type ServerAddress } from './ask.ts';
import { asksFor, RCODE, type Reply, rcodeOf, TTL } from './message.ts';
import { isWithin, toKey } from './names.ts';

/** Bounds of one resolution: what hostile records can make this resolver do. */
const MOST_QUERIES = 60;
const MOST_ALIASES = 10;
const MOST_REFERRALS = 16;
const MOST_NESTED = 3;
const MOST_SERVERS = 4;
const PATIENCE_MS = 8_000;
const PATIENCE_OF_ONE_MS = 1_500;

interface Budget {
  queries: number;
  readonly signal: AbortSignal;
}

/** A zone cut and what the parent said of its servers. */
interface Referral {
  readonly zone: string;
  readonly servers: readonly string[];
  readonly glue: readonly Answer[];
}

/** Finds records by iteration from the root of this world, afresh each time: it keeps nothing. */
export class Resolver {
  readonly #root: ServerAddress;

  /** `root` is where the root listens; every server of the world uses its port. */
  constructor(root: ServerAddress) {
    this.#root = root;
  }

  /** The answer with the aliases that led to it; SERVFAIL when servers do not answer, or lead nowhere. */
  async resolve(name: string, type: RecordType): Promise<Reply> {
    const budget = { queries: MOST_QUERIES, signal: AbortSignal.timeout(PATIENCE_MS) };
    return { ...(await this.#follow(name, type, { budget, nested: 0 })), isRecursive: true };
  }

  async #follow(name: string, type: RecordType, within: Within): Promise<Reply> {
    const answers: Answer[] = [];
    const seen = new Set<string>();
    let owner = name;
    while (!seen.has(toKey(owner)) && seen.size <= MOST_ALIASES) {
      const key = toKey(owner);
      seen.add(key);
      const reply = await this.#iterate(key, type, within);
      if (!reply) return { rcode: RCODE.SERVFAIL };
      const own = (reply.answers ?? []).filter((answer) => toKey(answer.name) === key);
      const wanted = own.filter((answer) => asksFor(type, answer.type));
      answers.push(...wanted.map((answer) => ({ ...answer, name: owner })));
      const [target] = wanted.length > 0 ? [] : dataOf(own, 'CNAME');
      if (target === undefined)
        return { rcode: rcodeOf(reply), answers, authorities: startsOf(reply, wanted) };
      answers.push({ name: owner, type: 'CNAME', ttl: TTL, data: target });
      owner = toKey(target);
    }
    return { rcode: RCODE.SERVFAIL };
  }

  /** The reply of a server with authority for the name; undefined when none was reached. */
  async #iterate(name: string, type: RecordType, within: Within): Promise<DecodedPacket | undefined> {
    let servers: readonly string[] = [this.#root.address];
    let zone = '';
    for (let step = 0; step < MOST_REFERRALS; step++) {
      const said = await this.#askAny(servers, { name, type, zone }, within.budget);
      if (!said || !('servers' in said)) return said;
      servers = await this.#addressesOf(said, within);
      zone = said.zone;
    }
    return undefined;
  }

  /** What the first useful server says: an answer with authority, or a referral to a zone below `zone`. */
  async #askAny(
    servers: readonly string[],
    question: { readonly name: string; readonly type: RecordType; readonly zone: string },
    budget: Budget,
  ): Promise<DecodedPacket | Referral | undefined> {
    for (const address of servers) {
      if (budget.queries <= 0 || budget.signal.aborted) return undefined;
      budget.queries -= 1;
      const reply = await this.#askOne(address, question, budget.signal);
      const isUseful = reply && [RCODE.NOERROR, RCODE.NXDOMAIN].some((rcode) => rcode === rcodeOf(reply));
      if (isUseful && reply.flag_aa) return reply;
      const referral = isUseful ? referralIn(reply, question) : undefined;
      if (referral) return referral;
    }
    return undefined;
  }

  async #askOne(
    address: string,
    question: { readonly name: string; readonly type: RecordType },
    signal: AbortSignal,
  ): Promise<DecodedPacket | undefined> {
    const patience = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_OF_ONE_MS)]);
    try {
      return await ask(
        { address, port: this.#root.port },
        { name: question.name, type: question.type },
        patience,
      );
    } catch {
      return undefined;
    }
  }

  /** Addresses of the servers of a zone: the parent's glue, else looked up. */
  async #addressesOf({ servers, glue }: Referral, { budget, nested }: Within): Promise<readonly string[]> {
    const addresses: string[] = [];
    for (const server of servers.slice(0, MOST_SERVERS)) {
      const told = addressesIn(glue.filter((one) => toKey(one.name) === server));
      const isEnough = told.length > 0 || nested >= MOST_NESTED;
      const found = isEnough ? undefined : await this.#follow(server, 'A', { budget, nested: nested + 1 });
      addresses.push(...told, ...addressesIn(found?.answers ?? []));
    }
    return [...new Set(addresses)];
  }
}

interface Within {
  readonly budget: Budget;
  /** How many look-ups of servers' addresses this one is inside of. */
  readonly nested: number;
}

const startsOf = (reply: DecodedPacket, wanted: readonly Answer[]): Answer[] =>
  wanted.length > 0 ? [] : (reply.authorities ?? []).filter((one) => one.type === 'SOA');

function referralIn(
  reply: DecodedPacket,
  { name, zone }: { readonly name: string; readonly zone: string },
): Referral | undefined {
  const records = reply.authorities ?? [];
  const first = records.find((one) => one.type === 'NS');
  const cut = first && toKey(first.name);
  // A referral that leads up or sideways is a loop or a lie.
  if (cut === undefined || cut === zone || !isWithin(cut, zone) || !isWithin(name, cut)) return undefined;
  const atCut = records.filter((one) => toKey(one.name) === cut);
  const servers = dataOf(atCut, 'NS').map(toKey);
  const glue = (reply.additionals ?? []).filter((one) => servers.includes(toKey(one.name)));
  return { zone: cut, servers, glue };
}

/** Addresses within this world only, so that no record can send its questions off this machine. */
const addressesIn = (answers: readonly Answer[]): string[] =>
  dataOf(answers, 'A').filter((address) => address.startsWith('127.'));

const dataOf = (answers: readonly Answer[], type: 'A' | 'CNAME' | 'NS'): string[] =>
  answers.flatMap((answer) => (answer.type === type ? [answer.data] : []));
