/** `certpacks packs explain`: what a pack waits for, whose move it is, and what to do, by the API. */
import type { Command } from 'commander';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { call, EXIT } from './client.ts';
import { asZoneClient, type ClientOptions, packsOf, part } from './client-command.ts';
import { printJson, printLine, tellLine } from './print.ts';

const Text = Type.Optional(Type.String());
const Explained = Type.Object({
  waits_for: Type.String(),
  whose_move: Type.Union([Type.String(), Type.Null()]),
  next_step: Type.String(),
  situation: Text,
  reasons: Type.Array(Type.String()),
  notes: Type.Array(Type.String()),
  since: Type.String(),
  deadline: Text,
  after_deadline: Text,
  next_look_on: Text,
  renewal: Type.Optional(Type.Record(Type.String(), Type.String())),
  evidence: Type.Array(
    Type.Object({ who: Type.String(), about: Type.String(), said: Type.String(), at: Type.String() }),
  ),
  records: Type.Array(Type.Object({ type: Type.String(), name: Type.String(), line: Type.String() })),
  files: Type.Array(Type.Object({ url: Type.String(), body: Type.String() })),
});
type Explained = Type.Static<typeof Explained>;
const shape = Compile(Explained);

/** Adds the command. */
export const addPackExplain = (packs: Command): Command =>
  asZoneClient(
    packs
      .command('explain')
      .description('what a pack waits for: whose move it is, until when, who answered what, what to do')
      .argument('<pack>'),
  ).action(explain);

async function explain(
  pack: string,
  { zone, json = false, ...place }: ClientOptions & { zone: string },
): Promise<void> {
  const { result } = await call(place, 'GET', `${packsOf(zone)}/${part(pack)}/explain`);
  if (json) return printJson(result);
  if (!shape.Check(result)) {
    tellLine('certpacks: this API does not explain certificate packs');
    process.exit(EXIT.unreachable);
  }
  for (const [name, value] of linesOf(result)) printLine(`${name.padEnd(11)} ${value}`.trimEnd());
}

/** What is printed: names at the left, one value a line. */
const linesOf = (it: Explained): [string, string][] => [
  ['', it.waits_for],
  ['whose move', it.whose_move ?? 'nobody’s'],
  ['next step', it.next_step],
  ...one('situation', it.situation?.replaceAll('_', ' ')),
  ['since', it.since],
  ...one(
    'until',
    it.deadline && `${it.deadline}${it.after_deadline === undefined ? '' : `, then ${it.after_deadline}`}`,
  ),
  ...one('next look', it.next_look_on),
  ...Object.entries(it.renewal ?? {}).map(([name, at]): [string, string] => [
    'renewal',
    `${name.replaceAll('_', ' ')} ${at}`,
  ]),
  ...many('reason', it.reasons),
  ...many('note', it.notes),
  ...many(
    'evidence',
    it.evidence.map(({ at, who, about, said }) => `${at} ${who}: ${about}: ${said}`),
  ),
  ...it.records.map((record): [string, string] => [
    isOtherWay(record, it.records) ? 'or' : 'record',
    record.line,
  ]),
  ...many(
    'file',
    it.files.map(({ url, body }) => `${url} ${body}`),
  ),
];

type WantedRecord = Explained['records'][number];

/** Whether another record of the same name does as well: one that is of another type stands in place of those before. */
const isOtherWay = (record: WantedRecord, all: readonly WantedRecord[]): boolean => {
  const first = all.find(({ name }) => name === record.name);
  return first !== undefined && first.type !== record.type;
};

const many = (name: string, values: readonly string[]): [string, string][] =>
  values.map((value) => [name, value]);
const one = (name: string, value: string | undefined): [string, string][] =>
  value === undefined ? [] : [[name, value]];
