import { isIP } from 'node:net';
import { getPublicSuffix } from 'tldts';
import { type ProblemDocument, type ProblemName, Refusal } from './problems.ts';
import { isObject } from './reading.ts';

/** Names that one order may have. */
const MOST_NAMES = 100;

/** The names of an order, lower-case and without repetition. Throws with a subproblem for each that is refused. */
export function namesIn(identifiers: unknown): string[] {
  if (!Array.isArray(identifiers) || identifiers.length === 0 || identifiers.length > MOST_NAMES) {
    throw new Refusal('malformed', `identifiers must be an array of 1 to ${MOST_NAMES} objects`);
  }
  const names = identifiers.map(readIdentifier);
  const refused = names.flatMap((name) => (typeof name === 'string' ? [] : [name]));
  const [first] = refused;
  if (first) throw refusalOfAll(first, refused);
  return [...new Set(names.filter((name) => typeof name === 'string'))];
}

/** With several subproblems of one type that is the type of all (RFC 8555 6.7.1). */
function refusalOfAll(first: Refused, refused: readonly Refused[]): Refusal {
  const isOfOneKind = refused.every(({ problem }) => problem === first.problem);
  const detail =
    refused.length === 1
      ? first.document.detail
      : `${refused.length} identifiers are refused: see subproblems`;
  return new Refusal(isOfOneKind ? first.problem : 'malformed', detail, {
    subproblems: refused.map(({ document }) => document),
  });
}

interface Refused {
  readonly problem: ProblemName;
  readonly document: ProblemDocument;
}

function readIdentifier(identifier: unknown): string | Refused {
  const { type, value } = isObject(identifier) ? identifier : {};
  if (typeof type !== 'string' || typeof value !== 'string') {
    throw new Refusal('malformed', 'an identifier must have a type and a value, both strings');
  }
  const name = value.toLowerCase();
  const fault = type === 'dns' ? faultOf(name) : OTHER_TYPE;
  if (!fault) return name;
  const [problem, why] = fault;
  const shown = { type: type.slice(0, 20), value: value.slice(0, 260) };
  const { document } = new Refusal(problem, `${JSON.stringify(shown.value)} ${why}`, { identifier: shown });
  return { problem, document };
}

type FaultOfName = readonly [problem: ProblemName, why: string];

const OTHER_TYPE: FaultOfName = [
  'unsupportedIdentifier',
  'is of a type that is not issued for; dns alone is',
];

/** Why no certificate is issued for a name, by RFC 8555 7.1.4 and BR 3.2.2.4 and 4.2.2. */
function faultOf(name: string): FaultOfName | undefined {
  const base = name.startsWith('*.') ? name.slice(2) : name;
  const labels = base.split('.');
  if (isIP(base)) return ['rejectedIdentifier', 'is an IP address'];
  if (base.includes('*')) return ['malformed', 'has a wildcard elsewhere than as its whole first label'];
  if (name.length > 253 || !labels.every(isLabel)) return ['malformed', 'is not a host name in A-labels'];
  if (labels.length < 2) return ['rejectedIdentifier', 'has a single label'];
  if (/^\d+$/.test(labels.at(-1) ?? '')) return ['rejectedIdentifier', 'ends in a number'];
  if (getPublicSuffix(base) === base) return ['rejectedIdentifier', 'is a public suffix'];
  return undefined;
}

/** RFC 5890 2.3.1: letters, digits and inner hyphens; two hyphens in third place only in an A-label. */
const isLabel = (label: string): boolean =>
  /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(label) && !/^(?!xn)..--/.test(label);
