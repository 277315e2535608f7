/** Zone files out and in, by Cloudflare's own client: the same records, all of them or none. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { assertRefused, type RecordWorld, startRecords } from '../support/dns/records.ts';
import { contentOf, exportFile, importFile, RECORDS } from '../support/dns/zone-files.ts';

const ends = new AsyncDisposableStack();
let world: RecordWorld;
before(async () => {
  world = await startRecords(ends, { quotas: { records: 10_000 }, nameServers: ['ns1.certpacks.example'] });
});
after(() => ends.disposeAsync());

it('what is exported and imported into an empty zone is the same records', async () => {
  const from = await world.scene('from.example');
  await from.makeAll(RECORDS);
  const text = await exportFile(from);
  const to = await world.scene('to.example');
  const moved = text.replaceAll('from.example', 'to.example');
  assert.deepEqual(await importFile(to, moved), {
    recs_added: RECORDS.length,
    total_records_parsed: RECORDS.length,
  });
  assert.deepEqual(await contentOf(to), await contentOf(from));
  assert.deepEqual(await importFile(to, moved), { recs_added: 0, total_records_parsed: RECORDS.length });
  assert.deepEqual(await contentOf(to), await contentOf(from), 'what is there already is not made twice');
});

it('an export is text as Cloudflare has it, with whole names, proxied or not behind them', async () => {
  const at = await world.scene('text.example');
  await at.makeAll(RECORDS);
  const { data, response } = await at.client.dns.records.export({ zone_id: at.zoneId }).withResponse();
  assert.equal(response.headers.get('content-type'), 'text/plain; charset=utf-8');
  const lines = data.split('\n');
  for (const line of [
    ';; Domain:     text.example.',
    'text.example.\t3600\tIN\tNS\tns1.certpacks.example.',
    'www.text.example.\t1\tIN\tA\t192.0.2.2 ; cf_tags=team:"a,b\\u003d\\"c\\"",prod,cf-proxied:true',
    'text.example.\t1\tIN\tMX\t10 mail.example.net.',
    '_sip._tcp.text.example.\t1\tIN\tSRV\t1 2 5060 sip.example.net.',
    'text.example.\t1\tIN\tCAA\t0 issue "letsencrypt.org; x=1"',
    'two.text.example.\t1\tIN\tTXT\t"one" "two; \\"three\\""',
  ])
    assert(lines.includes(line), `${line}\n${lines.join('\n')}`);
  assert(lines.some((line) => line.startsWith('text.example.\t3600\tIN\tSOA\tns1.certpacks.example. ')));
});

it('records are proxied as the form says, unless the file says otherwise of one', async () => {
  const at = await world.scene('proxied.example');
  const file = 'a A 192.0.2.1\nb A 192.0.2.1 ; no cf_tags=cf-proxied:false\nc TXT x';
  assert.equal((await importFile(at, file, { proxied: 'true' })).recs_added, 3);
  const { result } = await at.client.dns.records.list({ zone_id: at.zoneId, order: 'name' });
  assert.deepEqual(
    result.map(({ proxied, comment }) => [proxied, comment]),
    [
      [true, null],
      [false, 'no'],
      [false, null],
    ],
  );
});

describe('a file with one bad line is refused with it, and nothing of it is imported', () => {
  const cases: readonly (readonly [what: string, file: string, code: number, words: RegExp])[] = [
    ['a line that cannot be read', 'a A 192.0.2.1\nb A 192.0.2', 1004, /^line 2: content for an A record/],
    ['$INCLUDE', 'a A 192.0.2.1\n$INCLUDE /etc/passwd', 1004, /^line 2: the directive \$INCLUDE/],
    ['a CNAME beside others', 'a A 192.0.2.1\n\na CNAME b', 81053, /^line 3: /],
    ['others beside a CNAME', 'a CNAME b\na A 192.0.2.1', 81054, /^line 2: /],
    ['what stands in the zone', 'x A 192.0.2.1\ntaken A 192.0.2.1', 81054, /^line 2: /],
    ['a CNAME of the zone', 'a A 192.0.2.1\n@ CNAME www.example.net.', 1004, /^line 2: /],
    ['too many of one name', `a A 192.0.2.1\n${manyAt('a', 101)}`, 1004, /^line \d+: a\..* has 100 records/],
  ];
  for (const [what, file, code, words] of cases)
    it(what, async () => {
      const at = await world.scene(`bad${cases.findIndex(([one]) => one === what)}.example`);
      await at.make({ type: 'CNAME', name: 'taken', content: 'www.example.net', ttl: 1 });
      const seen = await contentOf(at);
      await assertRefused(importFile(at, file), { code, pointer: '/file', words });
      assert.deepEqual(await contentOf(at), seen);
    });
});

function manyAt(name: string, n: number): string {
  return Array.from({ length: n }, (_, i) => `${name} A 198.51.100.${i}\n`).join('');
}

const file = (n: number) =>
  Array.from({ length: n }, (_, i) => `n${i} 300 IN A 192.0.2.${i % 256}`).join('\n');

it('a zone gets no more records than it may have, and 10,000 in seconds', async () => {
  const at = await world.scene('many.example');
  await assertRefused(importFile(at, file(10_001)), { status: 403, code: 1405, words: /zone_records/ });
  const heap = process.memoryUsage().heapUsed;
  const began = performance.now();
  assert.equal((await importFile(at, file(10_000))).recs_added, 10_000);
  const seconds = (performance.now() - began) / 1_000;
  assert(seconds < 20, `${seconds} s`);
  assert(process.memoryUsage().heapUsed - heap < 300 * 2 ** 20);
  const text = await exportFile(at);
  assert.equal(text.split('\n').filter((line) => line.includes('\tA\t')).length, 10_000);
  await assertRefused(importFile(at, 'one-more A 192.0.2.1'), { status: 403, code: 1405 });
});

it('a name in a zone of another account below is refused with its line', async () => {
  const above = await world.scene('above-file.example');
  const theirs = await world.scene('elsewhere-file.example');
  const { pool } = world.api.jobs;
  const name = 'theirs.above-file.example';
  const reversed = name.split('.').toReversed().join('.');
  await pool.query('update zone_names set name = $2, reversed = $3 where zone_id = $1', [
    theirs.zoneId,
    name,
    reversed,
  ]);
  await assertRefused(importFile(above, 'a A 192.0.2.1\nx.theirs A 192.0.2.1'), {
    code: 1004,
    pointer: '/file',
    words: /^line 2: x\.theirs\.above-file\.example lies in a zone of its own/,
  });
});

it('a zone of type partial takes no file', async () => {
  const at = await world.scene('partial-file.example', 'partial');
  await assertRefused(importFile(at, 'a A 192.0.2.1'), { code: 1004, words: /partial/ });
});
