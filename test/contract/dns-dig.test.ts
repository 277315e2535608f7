/** Our responder as an authoritative server, as BIND's dig sees it. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { type RecordWorld, startRecords } from '../support/dns/records.ts';
import { needs } from '../support/peers.ts';

const DIG = '/usr/bin/dig';
const options = { ...needs(DIG, 'bind9-dnsutils'), timeout: 60_000 };

const ends = new AsyncDisposableStack();
let world: RecordWorld;
before(async () => {
  if (options.skip !== false) return;
  world = await startRecords(ends);
  const at = await world.scene('dig.example');
  await at.makeAll([
    { type: 'A', name: 'www', content: '192.0.2.1', ttl: 300 },
    { type: 'CNAME', name: 'alias', content: 'www.dig.example', ttl: 300 },
    { type: 'A', name: 'deep.a.b', content: '192.0.2.2', ttl: 300 },
    { type: 'A', name: '*.wild', content: '192.0.2.3', ttl: 300 },
    { type: 'TXT', name: 'there.wild', content: 'x', ttl: 300 },
    ...Array.from({ length: 40 }, (_, i) => ({
      type: 'TXT',
      name: 'large',
      content: `${i} ${'x'.repeat(60)}`,
      ttl: 300,
    })),
  ]);
});
after(() => ends.disposeAsync());

const run = promisify(execFile);

/** What dig prints, sections apart from each other. */
async function dig(...args: readonly string[]) {
  const { host, port } = world.dns;
  const { stdout } = await run(
    DIG,
    [`@${host}`, '-p', `${port}`, '+tries=1', '+time=5', '+nocookie', ...args],
    {
      timeout: 20_000,
    },
  );
  const section = (name: string): string[] => {
    const [, text = ''] = stdout.split(`;; ${name} SECTION:\n`);
    const lines = text.split('\n\n', 1)[0]?.split('\n') ?? [];
    return lines.filter((line) => line !== '').map((line) => line.replaceAll(/\s+/g, ' '));
  };
  const [, status = ''] = /status: (\w+)/.exec(stdout) ?? [];
  const [, flags = ''] = /;; flags: ([^;]*);/.exec(stdout) ?? [];
  return {
    text: stdout,
    status,
    flags: flags.split(' '),
    answer: section('ANSWER'),
    authority: section('AUTHORITY'),
  };
}

describe('dig in a zone', options, () => {
  it('is told the SOA, and with each negative answer how long that holds (RFC 2308 5)', async () => {
    const { answer, flags } = await dig('dig.example', 'SOA');
    const [, minimum = ''] =
      /^dig\.example\. \d+ IN SOA \S+ hostmaster\.dig\.example\. \d+ 3600 600 604800 (\d+)$/.exec(
        answer[0] ?? '',
      ) ?? assert.fail(answer.join());
    assert(flags.includes('aa'));
    for (const [name, status] of [
      ['none.dig.example', 'NXDOMAIN'],
      ['www.dig.example', 'NOERROR'],
    ] as const) {
      const negative = await dig(name, 'MX');
      assert.deepEqual([negative.status, negative.answer], [status, []]);
      assert.match(negative.authority[0] ?? '', new RegExp(`^dig\\.example\\. ${minimum} IN SOA `));
      assert(negative.flags.includes('aa'));
    }
  });

  it('finds a name that only others lie below, and nothing there (RFC 8020)', async () => {
    for (const name of ['b.dig.example', 'a.b.dig.example']) {
      const { status, answer } = await dig(name, 'A');
      assert.deepEqual([status, answer], ['NOERROR', []], name);
    }
  });

  it('meets a wildcard below no name that is there (RFC 4592 3.3.1)', async () => {
    assert.match((await dig('x.wild.dig.example', 'A')).answer[0] ?? '', /192\.0\.2\.3$/);
    assert.match((await dig('y.x.wild.dig.example', 'A')).answer[0] ?? '', /192\.0\.2\.3$/);
    assert.deepEqual((await dig('there.wild.dig.example', 'A')).answer, []);
    assert.equal((await dig('x.there.wild.dig.example', 'A')).status, 'NXDOMAIN');
  });

  it('is led by an alias to its end', async () => {
    const { answer } = await dig('alias.dig.example', 'A');
    assert.deepEqual(answer, [
      'alias.dig.example. 300 IN CNAME www.dig.example.',
      'www.dig.example. 300 IN A 192.0.2.1',
    ]);
  });
});

describe('dig by its messages', options, () => {
  it('is sent to TCP where an answer is larger than it takes, and has it all there', async () => {
    const { flags, answer } = await dig('large.dig.example', 'TXT', '+bufsize=1232', '+ignore');
    assert(flags.includes('tc'));
    assert.deepEqual(answer, []);
    const whole = await dig('large.dig.example', 'TXT', '+bufsize=1232');
    assert.match(whole.text, /Truncated, retrying in TCP mode/);
    assert.equal(whole.answer.length, 40);
    assert.equal((await dig('large.dig.example', 'TXT', '+noedns', '+ignore')).answer.length, 0);
    const udp = await dig('large.dig.example', 'TXT', '+bufsize=65000', '+ignore');
    assert(udp.flags.includes('tc'), 'nobody is sent more than 1,232 bytes that he may not have asked for');
  });

  it('is told which EDNS there is, and how large messages may be', async () => {
    const { text, status } = await dig('www.dig.example', 'A', '+edns=1', '+noednsnegotiation');
    assert.equal(status, 'BADVERS');
    assert.match(text, /EDNS: version: 0,/);
    assert.match((await dig('www.dig.example', 'A')).text, /EDNS: version: 0, flags:; udp: 1232/);
    assert.doesNotMatch((await dig('www.dig.example', 'A', '+noedns')).text, /EDNS/);
  });
});

describe('dig beyond that', options, () => {
  it('gets one small record for ANY (RFC 8482)', async () => {
    for (const how of ['+notcp', '+tcp']) {
      const { answer } = await dig('large.dig.example', 'ANY', how);
      assert.deepEqual(answer, ['large.dig.example. 1 IN HINFO "RFC8482" ""']);
    }
  });

  it('gets no transfer', async () => {
    for (const type of ['AXFR', 'IXFR=1']) {
      const { text } = await dig('dig.example', type, '+tcp');
      assert.match(text, /Transfer failed/, type);
    }
  });

  it('is told of what we are not', async () => {
    for (const opcode of ['IQUERY', 'STATUS', 'NOTIFY', 'UPDATE', 'RESERVED3'])
      assert.equal((await dig('dig.example', 'SOA', `+opcode=${opcode}`)).status, 'NOTIMP', opcode);
    for (const name of ['version.bind', 'hostname.bind', 'id.server'])
      assert.equal((await dig('-c', 'CH', name, 'TXT')).status, 'REFUSED', name);
    for (const args of [
      ['-c', 'CH', 'www.dig.example', 'A'],
      ['-c', 'ANY', 'www.dig.example', 'A'],
      ['example.com', 'A'],
      ['.', 'NS'],
    ])
      assert.equal((await dig(...args)).status, 'REFUSED', args.join(' '));
    assert(!(await dig('www.dig.example', 'A')).flags.includes('ra'), 'no recursion is offered');
  });
});
