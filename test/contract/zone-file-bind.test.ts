/** BIND reads the zone files that we write, and we those that BIND writes. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { type RecordWorld, startRecords } from '../support/dns/records.ts';
import { exportFile, importFile, RECORDS } from '../support/dns/zone-files.ts';
import { needs } from '../support/peers.ts';

const ends = new AsyncDisposableStack();
let world: RecordWorld;
before(async () => {
  world = await startRecords(ends, { nameServers: ['ns1.certpacks.example'] });
});
after(() => ends.disposeAsync());

const run = promisify(execFile);
const CHECK = '/usr/bin/named-checkzone';
const COMPILE = '/usr/bin/named-compilezone';

const folder = async (): Promise<string> => {
  const dir = await mkdtemp(join(tmpdir(), 'certpacks-zone-'));
  ends.defer(() => rm(dir, { recursive: true, force: true }));
  return dir;
};

describe('BIND', () => {
  const options = { ...needs(CHECK, 'bind9-utils'), timeout: 60_000 };

  it('takes what is exported, with every record in it', options, async () => {
    const at = await world.scene('bind.example');
    await at.makeAll(RECORDS);
    const file = join(await folder(), 'zone');
    await writeFile(file, await exportFile(at));
    const { stdout } = await run(CHECK, ['bind.example', file]);
    assert.match(stdout, /^OK$/m);
    const { stdout: text } = await run(COMPILE, [
      '-f',
      'text',
      '-F',
      'text',
      '-o',
      '-',
      'bind.example',
      file,
    ]);
    const lines = text.split('\n').map((line) => line.trim().split(/\s+/));
    for (const { type } of RECORDS)
      assert(
        lines.some((words) => words.includes(type)),
        `${type}\n${text}`,
      );
  });

  it('has its own files taken, in both of its styles', options, async () => {
    const at = await world.scene('written.example');
    await at.makeAll(RECORDS);
    const dir = await folder();
    const [file, out] = [join(dir, 'zone'), join(dir, 'out')];
    await writeFile(file, await exportFile(at));
    for (const style of ['relative', 'full']) {
      await run(COMPILE, ['-f', 'text', '-F', 'text', '-s', style, '-o', out, 'written.example', file]);
      const written = await readFile(out, 'utf8');
      const to = await world.scene(`${style}.example`);
      const { recs_added: added } = await importFile(
        to,
        written.replaceAll('written.example', `${style}.example`),
      );
      assert.equal(added, RECORDS.length, written);
    }
  });
});
