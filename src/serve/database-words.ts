/** Why a database cannot be used, in words, with what to set. */
import { Fault } from '../kit/fault.ts';
import type { DatabaseUrl } from './database-url.ts';

type Place = Pick<DatabaseUrl, 'place' | 'host' | 'user' | 'database'>;
type Words = (at: Place, message: string) => string;

const UNTRUSTED: Words = ({ place }) =>
  `the certificate of ${place} is signed by a CA that is not known here: add sslrootcert=/path/of/its-ca.pem to database_url ` +
  '(sslmode=no-verify encrypts, and takes whoever answers for the database)';
const UNNAMED: Words = ({ host }, message) =>
  `the name ${host} cannot be looked up in DNS (${/E[A-Z_]+/.exec(message)?.[0] ?? 'no answer'})`;
const NO_WAY: Words = ({ place }) =>
  `no way leads to ${place}: is it the right address, and a firewall between?`;

/** By SQLSTATE, or by the code of the system, of Node or of OpenSSL. */
const BY_CODE: Readonly<Record<string, Words>> = {
  ECONNREFUSED: ({ place }) => `nobody listens at ${place}: is PostgreSQL running, and listen_addresses set?`,
  ENOENT: ({ place }) => `${place} is not there: is PostgreSQL running, and the folder right?`,
  EACCES: ({ place }) => `${place} cannot be opened by the user of this process`,
  ENOTFOUND: UNNAMED,
  EAI_AGAIN: UNNAMED,
  ETIMEDOUT: NO_WAY,
  EHOSTUNREACH: NO_WAY,
  ENETUNREACH: NO_WAY,
  '28P01': ({ user, place }) => `${place} does not take the password of the user ${user}`,
  '28000': ({ user, place }, message) =>
    /no encryption|hostssl|SSL off/i.test(message)
      ? `${place} lets ${user} in over TLS alone: add sslmode=verify-full to database_url`
      : /certificate/i.test(message)
        ? `${place} demands a client certificate: add sslcert=… and sslkey=… to database_url`
        : `${place} does not let the user ${user} in (${message}): is there a line for it in pg_hba.conf?`,
  '3D000': ({ database, user, place }) =>
    `${place} has no database ${database}: createdb -O ${user} ${database}`,
  '3F000': ({ user, database }) =>
    `the user ${user} has no schema in the database ${database} to make tables in: make it the owner, alter database ` +
    `"${database}" owner to "${user}"`,
  '42501': ({ user, database }, message) =>
    `the user ${user} may not do what is needed in the database ${database} (${message}): make it the owner, alter database ` +
    `"${database}" owner to "${user}"`,
  '57P03': ({ place }) => `${place} starts or ends just now: it is tried again at the next start`,
  '53300': ({ place }) =>
    `${place} has no connection left: raise max_connections, or lower database_pool and list_readers`,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  CERT_HAS_EXPIRED: ({ place }) =>
    `the certificate of ${place} has expired: renew it, or set the clock of this machine`,
  CERT_NOT_YET_VALID: ({ place }) => `the certificate of ${place} is not valid yet: set the clocks right`,
  ERR_TLS_CERT_ALTNAME_INVALID: ({ host }, message) =>
    `the certificate of the database is not for ${host} (${message.slice(0, 200)}): name the host in database_url as the ` +
    'certificate does',
};

/** By what `pg` says, which has no code for its own. */
const BY_MESSAGE: readonly (readonly [RegExp, Words])[] = [
  [
    /does not support SSL/,
    ({ place }) =>
      `${place} offers no TLS: set ssl = on there, or sslmode=disable in database_url for a connection in clear`,
  ],
  [
    /connection timeout|Query read timeout|timeout expired/,
    ({ place }) => `${place} does not answer: is it PostgreSQL, and a firewall between?`,
  ],
  [
    /Connection terminated|ECONNRESET|socket hang up/,
    ({ place }) => `${place} hung up: is it PostgreSQL, and does it speak TLS as sslmode says?`,
  ],
  [
    /password must be a string|no password/i,
    ({ user, place }) => `${place} wants a password for the user ${user}: it is missing in database_url`,
  ],
];

/** The fault of a database that cannot be used, by what it failed with. */
export function unusable(error: unknown, at: Place): Fault {
  const cause = rootOf(error);
  const message = cause instanceof Error ? cause.message : String(cause);
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const words = BY_CODE[code] ?? BY_MESSAGE.find(([pattern]) => pattern.test(`${message} ${code}`))?.[1];
  const why = words ? words(at, message) : message.replace(/; try again$/, '');
  return new Fault('configuration', `the database of database_url cannot be used: ${why}`, { cause: error });
}

/** What was behind a fault: the words of that are for those who ask the API. */
function rootOf(error: unknown): unknown {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error ? rootOf(cause) : error;
}
