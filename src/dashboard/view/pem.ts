/** PEM as people drop or paste it: certificates and keys in one file or in several. */
import { Refusal } from '../api/client.ts';

/** What is sent of it. */
export interface Pem {
  readonly certificate: string;
  readonly privateKey: string;
}

const KEY = /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----[^]*?-----END [A-Z0-9 ]*PRIVATE KEY-----\s*/g;
/** As much as the API takes. */
const MOST_BYTES = 131_072;

/** Keys apart from all else, so that they stand in no field that shows them. */
export const parted = (text: string): Pem => ({
  certificate: text.replaceAll(KEY, '').trim(),
  privateKey: (text.match(KEY) ?? []).join('').trim(),
});

/** What is in files. Throws `Refusal` where one is too large, or no PEM. */
export async function readFiles(files: readonly File[]): Promise<Pem> {
  const texts: string[] = [];
  for (const file of files) {
    if (file.size > MOST_BYTES) throw refused(`${file.name} is too large to be a certificate or a key.`);
    const text = await file.text();
    if (!text.includes('-----BEGIN ')) throw refused(`${file.name} is no PEM: ${HOW}`);
    texts.push(text);
  }
  return parted(texts.join('\n'));
}

const refused = (message: string): Refusal => new Refusal(400, [{ code: 0, message }]);

const HOW =
  'openssl pkcs12 -in FILE -nodes writes a .p12 or .pfx as PEM, openssl x509 -inform der a .der or .cer.';
