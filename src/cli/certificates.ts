/** `certpacks certificates`: custom certificates of a zone, by the API. */
import { type Command, Option } from 'commander';
import { Fault } from '../kit/fault.ts';
import { CUSTOM_STATUSES, UPLOAD_TYPES } from '../pack/custom-certificate.ts';
import { BUNDLE_METHODS, ENVIRONMENTS } from '../pack/pack.ts';
import { GEO_LABELS } from '../pack/region.ts';
import { call, callAll } from './client.ts';
import { asZoneClient, type ClientOptions, part } from './client-command.ts';
import { tellLine } from './print.ts';
import { show } from './table.ts';
import { textIn } from './text-in.ts';

interface ZoneOptions extends ClientOptions {
  readonly zone: string;
}

const FIELDS = ['id', 'status', 'deploy', 'type', 'priority', 'expires_on', 'hosts', 'certificate_pack_id'];

const allOf = (zone: string): string => `/zones/${part(zone)}/custom_certificates`;
const oneOf = (zone: string, id: string): string => `${allOf(zone)}/${part(id)}`;

/** Adds the commands. */
export function addCertificates(certpacks: Command): void {
  const certificates = certpacks
    .command('certificates')
    .description('custom certificates of a zone, by the API; the token is taken from CERTPACKS_TOKEN');
  addReads(certificates);
  addUpload(certificates);
  addReplace(certificates);
  addPrioritize(certificates);
  addMoves(certificates);
  asZoneClient(
    certificates.command('delete').description('take one off the edges and delete it').argument('<id>'),
  ).action(async (id: string, { zone, ...options }: ZoneOptions) =>
    show((await call(options, 'DELETE', oneOf(zone, id))).result, ['id'], options),
  );
}

function addReads(certificates: Command): void {
  asZoneClient(certificates.command('list').description('custom certificates of a zone, all pages'))
    .addOption(new Option('--status <status>', 'those of one status').choices([...CUSTOM_STATUSES]))
    .action(async ({ zone, status, ...options }: ZoneOptions & { status?: string }) => {
      const asked = status === undefined ? '' : `?status=${part(status)}`;
      show(await callAll(options, `${allOf(zone)}${asked}`), FIELDS, options);
    });
  asZoneClient(certificates.command('get').description('one custom certificate').argument('<id>')).action(
    async (id: string, { zone, ...options }: ZoneOptions) =>
      show((await call(options, 'GET', oneOf(zone, id))).result, FIELDS, options),
  );
}

interface UploadOptions extends ZoneOptions {
  readonly type?: string;
  readonly bundle?: string;
  readonly deploy?: string;
  readonly geo?: string;
  readonly policy?: string;
  readonly csr?: string;
}

const geo = () =>
  new Option('--geo <label>', 'where the key may be; anywhere unless given')
    .choices([...GEO_LABELS])
    .conflicts('policy');
const policy = () => new Option('--policy <policy>', 'the same, as: (region: EU) and (not country: FR)');
const csr = () =>
  new Option('--csr <id>', 'the custom CSR that has its key; found by the certificate unless given');
const bundle = () =>
  new Option('--bundle <method>', 'how the chain is made; force: as it is').choices([...BUNDLE_METHODS]);
const deploy = () => new Option('--deploy <environment>', 'which edges serve it').choices([...ENVIRONMENTS]);

function addUpload(certificates: Command): void {
  asZoneClient(
    certificates
      .command('upload')
      .description('upload a certificate with its chain and its private key, which may stand in one file')
      .argument('<certificate>', 'file in PEM; - for standard input')
      .argument('[key]', 'file in PEM, without a password'),
  )
    .addOption(new Option('--type <type>', 'legacy_custom goes first').choices([...UPLOAD_TYPES]))
    .addOption(bundle())
    .addOption(deploy())
    .addOption(geo())
    .addOption(policy())
    .addOption(csr())
    .action(async (certificate: string, key: string | undefined, options: UploadOptions) => {
      const body = { ...given(certificate, key), ...(options.type && { type: options.type }) };
      await send(options, 'POST', allOf(options.zone), { ...body, ...terms(options) });
    });
}

function addReplace(certificates: Command): void {
  asZoneClient(
    certificates
      .command('replace')
      .description('put another certificate in the place of one, which is served until the new one is')
      .argument('<id>')
      .argument('[certificate]', 'file in PEM; - for standard input; the one that there is unless given')
      .argument('[key]', 'file in PEM; the key that is stored unless given'),
  )
    .addOption(bundle())
    .addOption(deploy())
    .addOption(geo())
    .addOption(policy())
    .addOption(csr())
    .action(
      async (
        id: string,
        certificate: string | undefined,
        key: string | undefined,
        options: UploadOptions,
      ) => {
        const sent = certificate === undefined ? {} : given(certificate, key);
        await send(options, 'PATCH', oneOf(options.zone, id), { ...sent, ...terms(options) });
      },
    );
}

const MOVES = {
  promote: ['production', 'serve one that is on the staging edges on the others'],
  stage: ['staging', 'serve one on the staging edges alone'],
} as const;

function addMoves(certificates: Command): void {
  for (const [name, [environment, says]] of Object.entries(MOVES))
    asZoneClient(certificates.command(name).description(says).argument('<id>')).action(
      (id: string, options: ZoneOptions) =>
        send(options, 'PATCH', oneOf(options.zone, id), { deploy: environment }),
    );
}

function addPrioritize(certificates: Command): void {
  asZoneClient(
    certificates
      .command('prioritize')
      .description('of several of one type that cover a name the one with the highest priority serves')
      .argument('<id=priority...>'),
  ).action(async (wishes: string[], { zone, ...options }: ZoneOptions) => {
    const body = { certificates: wishes.map(toPriority) };
    show((await call(options, 'PUT', `${allOf(zone)}/prioritize`, body)).result, FIELDS, options);
  });
}

function toPriority(wish: string): { id: string; priority: number } {
  const [, id, priority] = /^([^=]+)=(\d{1,10})$/.exec(wish) ?? [];
  if (id !== undefined) return { id, priority: Number(priority) };
  throw new Fault('configuration', `a priority is ID=NUMBER, not ${JSON.stringify(wish.slice(0, 100))}`);
}

const terms = (options: UploadOptions) => ({
  ...(options.bundle && { bundle_method: options.bundle }),
  ...(options.deploy && { deploy: options.deploy }),
  ...(options.geo && { geo_restrictions: { label: options.geo } }),
  ...(options.policy !== undefined && { policy: options.policy }),
  ...(options.csr !== undefined && { custom_csr_id: options.csr }),
});

const given = (certificate: string, key: string | undefined) => ({
  certificate: textIn(certificate),
  ...(key !== undefined && { private_key: textIn(key) }),
});

/** Sends what is uploaded, and tells what its owner may not expect. */
async function send(options: ZoneOptions, method: string, path: string, body: object): Promise<void> {
  const { result, messages } = await call(options, method, path, body);
  for (const message of messages) tellLine(message);
  show(result, FIELDS, options);
}
