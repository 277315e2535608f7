import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { givenCertificate, givenPack } from '../../test/support/pack.ts';
import { toPackJson } from './pack-json.ts';

const CONTEXT = { delegationZone: 'dcv.example.net' };

describe('toReply', () => {
  it('shows a new pack: hosts as sent, empty arrays rather than absent ones, no primary certificate', () => {
    const reply = toPackJson(givenPack(), CONTEXT);
    assert.deepEqual(reply.hosts, ['example.com', '*.example.com', 'www.Example.com']);
    assert.deepEqual(reply.certificates, []);
    assert.deepEqual(reply.validation_records, []);
    assert.deepEqual(reply.validation_errors, []);
    assert.ok(!('primary_certificate' in reply));
    assert.equal(reply.created_on, '2026-11-23T12:00:00.010000Z');
  });

  it('names one delegation per Authorization Domain Name of a partial zone, unique per zone', () => {
    const { dcv_delegation_records: records } = toPackJson(givenPack(), CONTEXT);
    assert.deepEqual(records, [
      {
        status: 'pending',
        cname: '_acme-challenge.example.com',
        cname_target: 'example.com.abc123def4567890.dcv.example.net',
      },
      {
        status: 'pending',
        cname: '_acme-challenge.www.example.com',
        cname_target: 'www.example.com.abc123def4567890.dcv.example.net',
      },
    ]);
  });

  it('has a delegation active where its very target was seen to be led to', () => {
    const delegations = [
      'www.example.com.abc123def4567890.dcv.example.net',
      'example.com.abc123def4567890.dcv.elsewhere.net',
    ];
    const { dcv_delegation_records: records } = toPackJson(givenPack({ delegations }), CONTEXT);
    assert.deepEqual(
      records.map(({ status }) => status),
      ['pending', 'active'],
    );
  });

  it('names no delegation where our own DNS answers for the zone, or no delegation zone is configured', () => {
    const full = givenPack({ zone: { ...givenPack().zone, type: 'full' } });
    assert.deepEqual(toPackJson(full, CONTEXT).dcv_delegation_records, []);
    assert.deepEqual(toPackJson(givenPack(), { delegationZone: '' }).dcv_delegation_records, []);
  });

  it('has the ECDSA certificate as the primary one', () => {
    const rsa = givenCertificate({ id: 'rsa', algorithm: 'rsa' });
    const ecdsa = givenCertificate({ id: 'ecdsa' });
    const reply = toPackJson(givenPack({ status: 'active', certificates: [rsa, ecdsa] }), CONTEXT);
    assert.equal(reply.primary_certificate, 'ecdsa');
    assert.equal(reply.certificates[0]?.status, 'active');
    assert.equal(reply.certificates[0]?.zone_id, givenPack().zone.id);
  });
});
