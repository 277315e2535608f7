/** Packs that are explained, at one moment. */
import { after, days, minutes } from '../../src/kit/time.ts';
import { type Explanation, explain, type Facts } from '../../src/pack/explanation.ts';
import type { Pack } from '../../src/pack/pack.ts';
import { givenCertificate, givenPack } from './pack.ts';

/** When packs entered their status. */
export const SINCE = new Date('2026-11-23T12:00:00.010Z');
/** Five minutes later: the moment. */
export const NOW = after(SINCE, minutes(5));
/** What is known beside a pack. */
export const FACTS: Facts = {
  now: NOW,
  dueAt: after(NOW, 60),
  isInHand: false,
  edges: [],
  covered: [],
  control: { nameServers: ['ns1.ours.test', 'ns2.ours.test'], verificationKey: '1-2', wantsText: false },
  json: { delegationZone: 'dcv.ours.test' },
};

/** A record that is not seen yet. */
export const TXT = {
  host: 'example.com',
  status: 'pending',
  method: 'txt',
  txtName: '_acme-challenge.example.com',
  txtValue: 'a-value',
} as const;
/** Those of a pack that has both. */
const CERTIFICATES = [givenCertificate(), givenCertificate({ algorithm: 'rsa' })];
/** Of a backup. */
export const PAIR = { role: 'backup', other: 'the-other', isStandby: true, since: SINCE } as const;

/** Certificates until February, and their renewal in a month. */
export const KEPT = { certificates: CERTIFICATES, renewal: { at: after(NOW, days(30)) } } as const;

/** A pack of one host, explained. */
export const explained = (change: Partial<Pack>, facts: Partial<Facts> = {}): Explanation =>
  explain(givenPack({ hosts: ['example.com'], ...change }), { ...FACTS, ...facts });
