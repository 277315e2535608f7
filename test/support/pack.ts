import type { Certificate, Pack } from '../../src/pack/pack.ts';

const NOW = new Date('2026-11-23T12:00:00.010Z');

/** A pack as it could be stored; ids are those of Cloudflare's documentation. */
export const givenPack = (change: Partial<Pack> = {}): Pack => ({
  id: '3822ff90-ea29-44df-9e55-21300bb9419b',
  zone: {
    id: '023e105f4ecef8ad9ca31a8372d0c353',
    accountId: '01a7362d577a6c3019a474fd6f485823',
    name: 'example.com',
    type: 'partial',
    delegationUuid: 'abc123def4567890',
    status: 'active',
    isPaused: false,
    hasName: true,
  },
  ord: 1,
  type: 'advanced',
  status: 'initializing',
  statusSince: NOW,
  hosts: ['example.com', '*.example.com', 'www.Example.com'],
  certificateAuthority: 'google',
  validationMethod: 'txt',
  validityDays: 90,
  environment: 'production',
  isDelegated: false,
  isBranded: false,
  createdOn: NOW,
  modifiedOn: NOW,
  validationRecords: [],
  delegations: [],
  validationErrors: [],
  certificates: [],
  attempts: 0,
  claim: 0,
  ...change,
});

export const givenCertificate = (change: Partial<Certificate> = {}): Certificate => ({
  id: '7e7b8deb-8537-4fd9-be4b-cb8c8b1c3e3e',
  algorithm: 'ecdsa',
  hosts: ['example.com'],
  issuer: 'LetsEncrypt',
  signature: 'ECDSAWithSHA256',
  fingerprint: 'ab'.repeat(32),
  serial: '01',
  notBefore: NOW,
  notAfter: new Date('2027-02-21T12:00:00Z'),
  uploadedOn: NOW,
  modifiedOn: NOW,
  ...change,
});
