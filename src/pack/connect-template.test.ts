/**
 * Templates of Domain Connect by the rules of those who take them into the public repository: its schema, what its linter checks
 * (github.com/Domain-Connect/dc-template-linter) and its list of common problems. Written anew, as that program is not part of the tests.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { CONNECT_SERVICES, connectTemplate } from './domain-connect.ts';

type Fields = Readonly<Record<string, unknown>>;

const TEXT_FIELDS = {
  providerId: 64,
  providerName: 64,
  serviceId: 64,
  serviceName: 255,
} as const;
const MAY_BE = [
  ...Object.keys(TEXT_FIELDS),
  'version',
  'logoUrl',
  'description',
  'variableDescription',
  'syncBlock',
  'sharedProviderName',
  'sharedServiceName',
  'syncPubKeyDomain',
  'syncRedirectDomain',
  'multiInstance',
  'warnPhishing',
  'hostRequired',
  'records',
];
const OF_RECORD = ['groupId', 'type', 'host', 'ttl', 'essential'];
/** What else a record of a type has; other types lead more elsewhere than is wanted here. */
const VALUE_OF: Readonly<Record<string, string>> = { TXT: 'data', CNAME: 'pointsTo' };
/** Variables that are a whole value, as the CA or whoever looks at the record says what it is, or as zones differ in it. */
const BARE = /^%(?:ownership|validation[1-4]|target)%$/;

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const variablesIn = (value: string): string[] => value.match(/%[^%]*%/g) ?? [];
const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null;

/** What of a template those who take it in would say. */
function faultsOf(template: Fields, file: string): string[] {
  const records = Array.isArray(template['records']) ? template['records'].filter(isFields) : [];
  const { providerId, serviceId, syncPubKeyDomain, variableDescription } = template;
  const told = [
    ...Object.keys(template).flatMap((field) => (MAY_BE.includes(field) ? [] : [`${field} is no field`])),
    ...Object.entries(TEXT_FIELDS).flatMap(([field, most]) => {
      const { length } = text(template[field]);
      return length >= 1 && length <= most ? [] : [`${field} is missing or too long`];
    }),
    ...['providerName', 'serviceName'].flatMap((field) =>
      variablesIn(text(template[field])).length > 0 ? [`${field} has a variable`] : [],
    ),
    ...[providerId, serviceId].flatMap((id) =>
      /^[-.\w]+$/.test(text(id)) ? [] : ['an id has other characters'],
    ),
    ...(file === `${text(providerId)}.${text(serviceId)}.json`.toLowerCase()
      ? []
      : ['the file is called otherwise']),
    ...(text(syncPubKeyDomain) === '' || text(syncPubKeyDomain).length > 255
      ? ['links need no signature']
      : []),
    ...('warnPhishing' in template ? ['warnPhishing beside a key'] : []),
    ...(template['syncBlock'] === true ? ['syncBlock: no link would be taken'] : []),
    ...(Number.isInteger(template['version']) && Number(template['version']) >= 0
      ? []
      : ['version is no number']),
    ...(records.length === 0 ? ['no records'] : []),
  ];
  const used = new Set(records.flatMap((one) => variablesIn(text(one['data']) + text(one['pointsTo']))));
  const described = new Set(variablesIn(text(variableDescription)));
  const undescribed = [...used, ...described]
    .filter((one) => !used.has(one) || !described.has(one))
    .map((one) => `${one} is not described, or not used`);
  return [
    ...told,
    ...undescribed,
    ...records.flatMap((one) => recordFaults(one, template)),
    ...mixed(records),
  ];
}

function recordFaults(record: Fields, { hostRequired }: Fields): string[] {
  const type = text(record['type']);
  const field = VALUE_OF[type] ?? '';
  const [host, value] = [text(record['host']), text(record[field])];
  const is = (bad: boolean, why: string) => (bad ? [`${type} ${host}: ${why}`] : []);
  return [
    ...is(field === '', 'of a type that leads a zone elsewhere, or none'),
    ...is(
      Object.keys(record).some((one) => !OF_RECORD.includes(one) && one !== field),
      'has a field that is not of its type',
    ),
    ...is(host === '' || host.length > 255, 'has no host'),
    ...is(host.includes('%'), 'has a variable in its host: a link could name any'),
    ...is(value === '' || value.length > 255, 'has no value'),
    ...is(host === '@' && type === 'CNAME' && hostRequired !== true, 'a CNAME at the name of a zone itself'),
    ...is(host === '*' && hostRequired !== true, 'all names of a zone'),
    ...is(
      !Number.isInteger(record['ttl']) || Number(record['ttl']) < 1 || Number(record['ttl']) >= 2 ** 31,
      'ttl',
    ),
    ...is(!/^\w+$/.test(text(record['groupId'])), 'has no group of its own'),
    ...is(!['Always', 'OnApply'].includes(text(record['essential'])), 'essential'),
    ...is(value.startsWith('v=spf1'), 'is SPF: that is SPFM'),
    ...is(value.split('%').length % 2 === 0, 'has a variable without its end'),
    ...is(!variablesIn(value).every((one) => /^%[\w-]+%$/.test(one)), 'has a variable with other characters'),
    ...is(/^%[^%]*%$/.test(value) && !BARE.test(value), 'is a variable and nothing else'),
  ];
}

/** At one name a CNAME stands alone, within a group. */
const mixed = (records: readonly Fields[]): string[] =>
  [...Map.groupBy(records, ({ groupId, host }) => `${text(groupId)} ${text(host)}`)].flatMap(
    ([place, some]) =>
      some.length > 1 && some.some(({ type }) => type === 'CNAME') ? [`${place}: a CNAME beside others`] : [],
  );

const FOLDER = new URL('../../deploy/domain-connect/', import.meta.url);
const handedOut = (file: string): Fields => {
  const read: unknown = JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8'));
  return isFields(read) ? read : assert.fail(file);
};

test('templates that are handed out, and those without delegation, keep the rules of the public repository', () => {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.json'));
  assert.equal(files.length, CONNECT_SERVICES.length);
  for (const file of files) assert.deepEqual(faultsOf(handedOut(file), file), [], file);
  const terms = { providerId: 'Saas-1.example.net', providerName: 'x', keyName: '_dck1', delegationZone: '' };
  for (const service of CONNECT_SERVICES)
    assert.deepEqual(faultsOf(connectTemplate(terms, service), `saas-1.example.net.${service}.json`), []);
});

test('what those who take templates would refuse is found', () => {
  const file = 'saas.example.net.certificate.json';
  const good = handedOut(file);
  const record = {
    groupId: 'x',
    type: 'CNAME',
    host: 'x',
    ttl: 300,
    pointsTo: 'x.example.net',
    essential: 'Always',
  };
  const twice = [record, { ...record, type: 'TXT', pointsTo: undefined, data: 'x' }];
  for (const [wrong, says] of [
    [{ providerId: 'saas example' }, /other characters/],
    [{ serviceName: '%name%' }, /has a variable/],
    [{ syncPubKeyDomain: '' }, /no signature/],
    [{ warnPhishing: true }, /warnPhishing/],
    [{ syncBlock: true }, /syncBlock/],
    [{ logo: 'x' }, /logo is no field/],
    [{ variableDescription: '' }, /not described/],
    [{ records: [] }, /no records/],
    [{ records: [{ ...record, host: '%host%' }] }, /could name any/],
    [{ records: [{ ...record, host: '@' }] }, /at the name of a zone itself/],
    [{ records: [{ ...record, host: '*' }] }, /all names of a zone/],
    [{ records: [{ ...record, type: 'NS' }] }, /leads a zone elsewhere/],
    [{ records: [{ ...record, pointsTo: '%any%' }] }, /and nothing else/],
    [{ records: [{ ...record, pointsTo: '%any.example.net' }] }, /without its end/],
    [{ records: [{ ...record, ttl: 0 }] }, /ttl/],
    [{ records: [{ ...record, essential: 'Never' }] }, /essential/],
    [{ records: twice }, /beside others|not of its type/],
  ] as const)
    assert.match(faultsOf({ ...good, ...wrong }, file).join('; '), says, JSON.stringify(wrong));
});
