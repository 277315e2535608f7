/** What the dashboard's form of a custom hostname sends: what was not changed stays as it was. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { CustomHostname, HostnameSettings } from '../src/dashboard/api/wire-hostnames.ts';
import { changeOf, draftOf } from '../src/dashboard/view/hostname-change.ts';

const hostname = (
  settings: HostnameSettings,
  custom_metadata: Readonly<Record<string, string>> = {},
): CustomHostname => ({
  id: 'x',
  hostname: 'shop.example',
  status: 'active',
  created_at: '',
  ownership_verification: { name: '', value: '' },
  ownership_verification_http: { http_url: '', http_body: '' },
  verification_errors: [],
  custom_metadata,
  ssl: {
    id: 'p',
    status: 'active',
    method: 'txt',
    wildcard: false,
    settings,
    hosts: [],
    validation_records: [],
    validation_errors: [],
    dcv_delegation_records: [],
    certificates: [],
  },
});

describe('settings', () => {
  const ciphers = ['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'];

  it('come with the suites that there are, but where TLS 1.3 is the least: that has no list', () => {
    const was = hostname({ min_tls_version: '1.2', ciphers });
    const to = (change: object) => changeOf({ ...draftOf(was), ...change }, was);
    assert.deepEqual(to({ min_tls_version: '1.3' }), { ssl: { settings: { min_tls_version: '1.3' } } });
    assert.deepEqual(to({ http2: 'off' }), {
      ssl: { settings: { ciphers, http2: 'off', min_tls_version: '1.2' } },
    });
  });
});

/** What is sent once the metadata of a hostname was edited. */
const edited = (metadata: Readonly<Record<string, string>>, edit: (text: string) => string): unknown => {
  const was = hostname({}, metadata);
  const draft = draftOf(was);
  const change: unknown = changeOf({ ...draft, metadata: edit(draft.metadata) }, was);
  return change;
};

describe('metadata', () => {
  it('is as it was after an edit that adds white space alone, whatever is in it', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.string()), (metadata) => {
        assert.deepEqual(
          edited(metadata, (text) => `${text}\n`),
          { custom_metadata: { ...metadata } },
        );
      }),
    );
  });

  it('keeps values of several lines, and names with a sign of equality, when something else of it changes', () => {
    const was = { note: 'one\ntwo=2', 'a=b': ' c ', plan: 'small' };
    assert.deepEqual(
      edited(was, (text) => text.replace('small', 'large')),
      {
        custom_metadata: { ...was, plan: 'large' },
      },
    );
  });

  it('is in lines where these can say it, and what begins as JSON and is none is left to the API to refuse', () => {
    assert.equal(draftOf(hostname({}, { plan: 'x=y', since: '2026' })).metadata, 'plan=x=y\nsince=2026');
    assert.deepEqual(
      edited({ plan: 'small' }, () => '{"plan": '),
      { custom_metadata: '{"plan": ' },
    );
  });
});
