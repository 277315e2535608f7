/** What commands about custom hostnames share: where they are in the API, by which name one is meant, how they are printed. */
import { callAll } from './client.ts';
import { type ClientOptions, part } from './client-command.ts';
import { show } from './table.ts';

export type ZoneOptions = ClientOptions & { readonly zone: string };

/** Fields of one hostname that a table shows. */
export const ONE = ['hostname', 'status', 'ssl_status', 'shown_by', 'value', 'verification_errors', 'id'];

/** Path of a zone's hostnames. */
export const hostnamesOf = (zone: string): string => `/zones/${part(zone)}/custom_hostnames`;

/** The id of a hostname of that name; what is none is taken for an id. */
export async function idOf(which: string, { zone, ...options }: ZoneOptions): Promise<string> {
  if (!which.includes('.')) return which;
  const found = await callAll(options, `${hostnamesOf(zone)}?hostname=${part(which)}`);
  return textOf(found[0], 'id') || which;
}

/** A field of what the API answered. */
export const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
const textOf = (value: unknown, name: string): string => {
  const text = fieldOf(value, name);
  return typeof text === 'string' ? text : '';
};

/** Prints hostnames; a table has what stands deeper in them beside the rest. */
export function tell(result: unknown, fields: readonly string[], options: ClientOptions): void {
  const flat = (one: unknown) => {
    const [ssl, token] = [fieldOf(one, 'ssl'), fieldOf(one, 'ownership_verification')];
    return {
      ...Object.fromEntries(fields.map((name) => [name, fieldOf(one, name)])),
      ssl_status: fieldOf(ssl, 'status'),
      method: fieldOf(ssl, 'method'),
      certificate_authority: fieldOf(ssl, 'certificate_authority'),
      expires_on: fieldOf(ssl, 'expires_on'),
      shown_by: fieldOf(token, 'name'),
      value: fieldOf(token, 'value'),
    };
  };
  if (options.json) show(result, fields, options);
  else show(Array.isArray(result) ? result.map(flat) : flat(result), fields, options);
}
