import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { givenFiles } from '../../../test/support/edge/given-files.ts';
import { givenPlaced, heldOf, until } from '../../../test/support/edge/placed-packs.ts';

const { signal } = new AbortController();

test('the hook runs once for all that changes together, and not where nothing does', async (t) => {
  const { runs, script, open } = givenFiles(t);
  const edge = await open({ hook: script('exit 0') });
  const packs = await Promise.all(['a', 'b', 'c'].map((label) => givenPlaced([`${label}.example.com`])));
  await edge.apply(packs, signal);
  assert.equal(runs(), 1);
  await edge.apply(packs, signal);
  await edge.inventory(signal);
  assert.equal(runs(), 1);
  await edge.withdraw(
    packs.map(({ packId }) => packId),
    signal,
  );
  assert.equal(runs(), 2);
});

test('where the hook fails, what was there before is put back, and what it said is told', async (t) => {
  const { folder, runs, script, open } = givenFiles(t);
  const edge = await open({
    hook: script('! grep -q bad "$folder"/*/names || { echo "no   bad\nones" >&2; exit 3; }'),
  });
  const good = await givenPlaced(['a.example.com']);
  await edge.apply([good], signal);
  const bad = await givenPlaced(['bad.example.com'], good.packId);
  const [refused] = await edge.apply([bad], signal);
  assert.match(refused?.why ?? '', /^hook \/\S+ ended with 3; it said: no {3}bad/);
  assert.deepEqual(await edge.inventory(signal), [heldOf(good)]);
  assert.equal(runs(), 3, 'it runs once more with what was put back');
  assert.equal(readdirSync(join(folder, '.certpacks/versions')).length, 1);
});

test('of many packs the one that the hook does not take is found, and the others are served', async (t) => {
  const { script, open } = givenFiles(t);
  const edge = await open({ hook: script('! grep -q bad "$folder"/*/names') });
  const hosts = ['a', 'b', 'c', 'bad', 'd', 'e', 'f', 'g'].map((label) => `${label}.example.com`);
  const packs = await Promise.all(hosts.map((host) => givenPlaced([host])));
  const refused = await edge.apply(packs, signal);
  assert.deepEqual(
    refused.map(({ packId }) => packId),
    [packs[3]?.packId],
  );
  assert.equal((await edge.inventory(signal)).length, 7);
});

test('a hook that fails with what was there too refuses all, and is run before anything else once it works', async (t) => {
  const { dir, runs, script, open } = givenFiles(t);
  const edge = await open({ hook: script('test ! -e "$dir/broken"') });
  const [first, second] = [await givenPlaced(['a.example.com']), await givenPlaced(['b.example.com'])];
  await edge.apply([first], signal);
  writeFileSync(join(dir, 'broken'), '');
  const message = /ended with 1; it said nothing, also with the files that were there before/;
  await assert.rejects(edge.apply([second], signal), { fault: 'edge_refused', message });
  await assert.rejects(edge.inventory(signal), { fault: 'edge_refused', message });
  rmSync(join(dir, 'broken'));
  const before = runs();
  assert.deepEqual(await edge.inventory(signal), [heldOf(first)]);
  assert.equal(runs(), before + 1);
});

test('a hook that hangs is ended with all that it started, and one that is not there is said', async (t) => {
  const { dir, script, open } = givenFiles(t);
  const hangs = await open({
    hook: script('sleep 60 & echo $! > "$dir/pid"; cat /dev/zero | tr "\\0" x & wait'),
    hook_timeout_s: 0.5,
  });
  const pack = await givenPlaced(['a.example.com']);
  const words = /ran longer than 0.5 s and was ended; it said: x{300},/;
  await assert.rejects(hangs.apply([pack], signal), { fault: 'edge_refused', message: words });
  const pid = readFileSync(join(dir, 'pid'), 'utf8').trim();
  await until(() => !existsSync(`/proc/${pid}`) || / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8')));
  const none = await givenFiles(t).open({ hook: ['/nonexistent/reload'] });
  await assert.rejects(none.apply([pack], signal), { message: /cannot be started \(ENOENT\)/ });
});

test('arguments reach no shell, and no key gets into words', async (t) => {
  const { dir, folder, open, script } = givenFiles(t);
  const touch = join(dir, 'touched');
  const edge = await open({ hook: ['/bin/echo', `$(touch ${touch})`, `; touch ${touch}`] });
  await edge.apply([await givenPlaced(['a.example.com'])], signal);
  assert.equal(existsSync(touch), false);
  const tells = await open({ hook: script(`cat ${folder}/*/*privkey.pem; exit 1`) });
  await assert.rejects(tells.apply([await givenPlaced(['b.example.com'])], signal), {
    message: /its output has a private key in it and is not shown/,
  });
});

test('a change of which nobody knows whether its hook went well is put back', async (t) => {
  const { folder, runs, script, open } = givenFiles(t);
  const edge = await open({ hook: script('exit 0') });
  const first = await givenPlaced(['a.example.com']);
  await edge.apply([first], signal);
  // As one leaves it who is killed while the hook runs: links are changed, and where they led before is written down.
  const journal = join(folder, '.certpacks/journal');
  writeFileSync(journal, `${first.packId} .certpacks/versions/${versionIn(folder)}\n`);
  rmSync(join(folder, first.packId));
  const before = runs();
  const anew = await open({ hook: script('exit 0') });
  assert.deepEqual(await anew.inventory(signal), [heldOf(first)]);
  assert.deepEqual([runs(), existsSync(journal)], [before + 1, false]);
});

const versionIn = (folder: string): string => readdirSync(join(folder, '.certpacks/versions'))[0] ?? '';
