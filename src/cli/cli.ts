/**
 * The commands. `start` and `dev` bring a simulated world with them; `serve` is the service alone.
 * The front file: every command with its options, and what it runs.
 */
import { Command, InvalidArgumentError } from 'commander';
import { addAccounts } from './account.ts';
import { addAgent } from './agent.ts';
import { addAlerts } from './alert-add.ts';
import { addAudit } from './audit.ts';
import { addBackup } from './backup.ts';
import { addCas } from './ca.ts';
import { addCertificates } from './certificates.ts';
import { addCheckHost } from './check-host.ts';
import { addCompletion } from './completion.ts';
import { writeConfigurationPage } from './configuration-page.ts';
import { addCsrs } from './csr.ts';
import { addDashboard } from './dashboard.ts';
import { addDomainConnect } from './domain-connect.ts';
import { addEdgeCommand } from './edge-options.ts';
import { addEdges } from './edges.ts';
import { addHostnames } from './hostnames.ts';
import { addImport } from './import/import.ts';
import { addKeys } from './key.ts';
import { addKeyServer } from './key-server.ts';
import { addKeyless } from './keyless.ts';
import { later } from './later.ts';
import { addMoves } from './moves.ts';
import { toCount, toPort } from './numbers.ts';
import { addPacks } from './packs.ts';
import { printLines, tellLines } from './print.ts';
import { addStatus } from './status.ts';
import { addTokens } from './token.ts';
import { addUsers } from './user.ts';
import { addZones } from './zone.ts';

const SERVE_HELP = `
Configuration   the TOML file that CERTPACKS_CONFIG names, and the environment, which wins: an option 'port' is
                CERTPACKS_PORT there. docs/configuration.md has every option; unknown ones are refused.
                deploy/certpacks.toml is an example to begin with.
State           in CERTPACKS_DATA_DIR: the embedded database and the key-encryption key. With
                CERTPACKS_DATABASE_URL the database is elsewhere, and several processes share it.
First time      certpacks ca add NAME, certpacks token create --first, then certpacks serve.
Logs            JSON lines on standard error; CERTPACKS_LOG_LEVEL is info unless told.
Health          /healthz, /readyz at the API; CERTPACKS_METRICS_LISTEN for Prometheus.
Signals         SIGTERM, SIGINT, SIGHUP: ends in order, within CERTPACKS_STOP_TIMEOUT_S.
Exit status     0 when it ended as asked; 1 with a sentence that says what to change.
More            docs/operations.md, docs/delegation.md, docs/backup.md`;

/** The program `certpacks`. */
export function program(version: string): Command {
  const certpacks = new Command('certpacks')
    .description('Certificate packs: ordered, validated, issued, deployed and proven by handshake.')
    .version(version)
    .configureOutput({ writeOut: printLines, writeErr: tellLines })
    .showHelpAfterError('(--help behind any command shows what there is)');
  addServices(certpacks);
  addTokens(certpacks);
  addDashboard(certpacks);
  addEdgeCommand(
    certpacks,
    later(async () => (await import('./edge.ts')).edge),
  );
  addAgent(certpacks, version);
  addEdges(certpacks);
  addZones(certpacks);
  addHostnames(certpacks);
  addPacks(certpacks);
  addImport(certpacks);
  addMoves(certpacks);
  addCertificates(certpacks);
  addCheckHost(certpacks);
  addDomainConnect(certpacks);
  addStatus(certpacks);
  addAudit(certpacks);
  addAlerts(certpacks);
  addKeys(certpacks);
  addCsrs(certpacks);
  addBackup(certpacks);
  addAccounts(certpacks);
  addUsers(certpacks);
  addCas(certpacks);
  addKeyServer(certpacks, toCount);
  addKeyless(certpacks, toCount);
  addCompletion(certpacks);
  certpacks
    .command('configuration', { hidden: true })
    .description('write docs/configuration.md from the tables of options')
    .argument('<file>')
    .action(writeConfigurationPage);
  return certpacks;
}

/** What runs until it is asked to end, and the schema that it needs. */
function addServices(certpacks: Command): void {
  certpacks
    .command('start')
    .description('start a small world on this machine, order a pack in it and show what happens')
    .option('--once', 'end when it was shown; exit status 0 only if all of it happened')
    .action(later(async () => (await import('./start.ts')).start));
  certpacks
    .command('dev')
    .description('the stand-in for tests: the same world, with a clock that can be moved on')
    .option('--port <port>', 'port of the API; the control interface takes the next one', toPort)
    .option('--data <dir>', 'folder that keeps the state; without it all is gone at the end')
    .option(
      '--rate-limit <n>',
      'requests that a token may make in five minutes; any number unless given',
      toCount,
    )
    .option(
      '--fixtures <file>',
      'JSON with credentials, zones, records and packs that are there by their ids',
    )
    .option(
      '--smtp <host:port>',
      'mail server for the mails of the simulated CAs, in place of the world’s own',
    )
    .option(
      '--universal <on|off>',
      'whether new zones have a Universal certificate pack (option universal)',
      toSwitch,
    )
    .option('--json', 'print one line of JSON when ready')
    .action(later(async () => (await import('./dev.ts')).dev));
  certpacks
    .command('serve')
    .description('the service: API, workers, DNS responder, edges’ listener')
    .addHelpText('after', SERVE_HELP)
    .option('--insecure-http', 'listen without TLS on another address than loopback (option insecure_http)')
    .action(later(async () => (await import('./serve.ts')).serve));
  certpacks
    .command('migrate')
    .description('bring the database’s schema up to date and end')
    .action(later(async () => (await import('./serve.ts')).migrateOnly));
}

function toSwitch(text: string): boolean {
  if (text === 'on' || text === 'off') return text === 'on';
  throw new InvalidArgumentError("it is 'on' or 'off'");
}
