/** A property of a CAA record set (RFC 8659 4.1). */
export interface CaaRecord {
  readonly flags: number;
  /** In lower case: tags are compared so. */
  readonly tag: string;
  readonly value: string;
}

/** The value of an `issue` or `issuewild` property (RFC 8659 4.2). */
export interface IssueValue {
  /** The CA's domain in lower case; '' forbids every CA. */
  readonly issuer: string;
  /** Tags and values as they stand there: their meaning is the CA's. */
  readonly parameters: readonly Parameter[];
}

interface Parameter {
  readonly tag: string;
  readonly value: string;
}

/** Reads a record as `message.ts` hands it over: flags, tag and value with spaces between. */
export function toCaaRecord(data: string): CaaRecord {
  const [flags = '', tag = ''] = data.split(' ', 2);
  const value = data.slice(flags.length + tag.length + 2);
  return { flags: Number(flags), tag: tag.toLowerCase(), value };
}

const LABEL = '[a-z0-9](?:[a-z0-9-]*[a-z0-9])?';
const ISSUER = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`, 'i');
const PARAMETER = new RegExp(`^(${LABEL})[ \\t]*=[ \\t]*([\\x21-\\x3a\\x3c-\\x7e]*)$`, 'i');

/** Reads an issue value by the grammar of RFC 8659 4.2; undefined for what does not match it. */
export function parseIssueValue(value: string): IssueValue | undefined {
  const [issuer = '', ...parts] = value.split(';').map(trim);
  if (issuer !== '' && !ISSUER.test(issuer)) return undefined;
  const given = parts.length === 1 && parts[0] === '' ? [] : parts;
  const parameters = given.flatMap((part) => toParameter(part) ?? []);
  return parameters.length === given.length ? { issuer: issuer.toLowerCase(), parameters } : undefined;
}

const trim = (part: string): string => part.replace(/^[ \t]+/, '').replace(/[ \t]+$/, '');

function toParameter(part: string): Parameter | undefined {
  const [, tag, value] = PARAMETER.exec(part) ?? [];
  return tag === undefined || value === undefined ? undefined : { tag, value };
}
