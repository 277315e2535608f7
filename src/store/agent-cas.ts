import { statement } from './statement.ts';
import { type Db, execute } from './store.ts';

/** The CA by which agents and the service know each other, its key sealed. */
export interface AgentCaRow {
  /** Lower-case hexadecimal SHA-256 of its certificate's DER. */
  readonly fingerprint: string;
  /** PEM. */
  readonly certificate: string;
  readonly sealedKey: Buffer;
}

interface Row {
  fingerprint: string;
  certificate: string;
  sealed_key: Buffer;
}

const NAME = 'agents';

/** The CA that there is. */
export async function getAgentCa(db: Db): Promise<AgentCaRow | undefined> {
  const { rows } = await execute<Row>(db, GET, { name: NAME });
  return (
    rows[0] && {
      fingerprint: rows[0].fingerprint,
      certificate: rows[0].certificate,
      sealedKey: rows[0].sealed_key,
    }
  );
}

const GET = statement('select fingerprint, certificate, sealed_key from agent_cas where name = :name');

/** Stores a CA where there is none yet: of several processes that made one, the first has it its way. */
export async function putAgentCa(db: Db, ca: AgentCaRow, now: Date): Promise<void> {
  const { fingerprint, certificate, sealedKey } = ca;
  await execute(db, PUT, { name: NAME, fingerprint, certificate, sealed_key: sealedKey, now });
}

const PUT = statement(`
  insert into agent_cas (name, fingerprint, certificate, sealed_key, created_on)
  values (:name, :fingerprint, :certificate, :sealed_key, :now) on conflict do nothing`);
