import { isWildcard, withoutWildcard } from '../../pack/hosts.ts';
import type { Algorithm } from '../../pack/pack.ts';

/** Which of two sets of links for wildcards nginx follows: by the seconds of its clock. */
export const SLOTS = ['even', 'odd'] as const;
export type Slot = (typeof SLOTS)[number];

/** How files of an algorithm end. */
export const ENDS: Readonly<Record<Algorithm, string>> = { ecdsa: '.ecdsa.pem', rsa: '.rsa.pem' };

/** What `isHostName` takes, cut for folders: two characters of the first label, two of the second, and all of it. */
const NAME = (mark: string) =>
  `(?<certpacks_${mark}>(?<certpacks_${mark}1>[a-z0-9_-]{1,2})[a-z0-9_-]*\\.` +
  `(?<certpacks_${mark}2>[a-z0-9_-]{1,2})(?:[a-z0-9_.-]*[a-z0-9_-])?)\\.?$`;
const PATH = (mark: string) => `$certpacks_${mark}1/$certpacks_${mark}2/$certpacks_${mark}`;

/** Where the link of an exact name lies, below the driver's folder. */
export const exactPath = (name: string): string => `names/${shelfOf(name)}`;

/** Where the links of a wildcard lie that a slot has; files of each algorithm behind it. */
export const wildcardPath = (name: string, slot: Slot): string =>
  `wildcards/${slot}/${shelfOf(withoutWildcard(name))}`;

/** Where links of a name lie: none of them is a path but those. */
export const pathsOf = (name: string): string[] =>
  isWildcard(name)
    ? SLOTS.flatMap((slot) => Object.values(ENDS).map((end) => `${wildcardPath(name, slot)}${end}`))
    : [exactPath(name)];

/** The same folders as the expressions below find. */
function shelfOf(name: string): string {
  const [first = '', second = ''] = name.split('.', 2);
  return `${first.slice(0, 2)}/${second.slice(0, 2)}/${name}`;
}

/**
 * What stands among nginx's maps. A name from a client becomes a path only where it matches a whole expression, which has no slash
 * in it. The link of an exact name is followed once a handshake, by `$realpath_root`, so that certificates and keys are read of one
 * version; where there is no such link that is empty, and the wildcard above the name is taken. Links of wildcards cannot be followed
 * so; there are two sets of them, by seconds, and a handshake stays with one.
 */
export const mapsText = (folder: string, defaultName: string | undefined): string => `\
# Written by certpacks; changes are lost. Include it in the block http.
map $ssl_server_name $certpacks_exact {
  default none;
${defaultName === undefined ? '' : `  "" ${shelfOf(defaultName)};\n`}\
  "~^${NAME('n')}" "${PATH('n')}";
}
map $ssl_server_name $certpacks_above {
  default none;
  "~^[a-z0-9_-]+\\.${NAME('w')}" "${PATH('w')}";
}
map $msec $certpacks_slot {
  default even;
  "~[13579]\\.[0-9]+$" odd;
}
map $realpath_root $certpacks_pair {
  default $realpath_root;
  "" ${folder}/wildcards/$certpacks_slot/$certpacks_above;
}
`;

/** What stands in nginx's server: nothing lies in the folder that its root leads to, so that no request can read a key. */
export const certificatesText = (folder: string): string => `\
# Written by certpacks; changes are lost. Include it in a block server, whose locations each have a root of their own or none.
root ${folder}/names/$certpacks_exact;
${Object.values(ENDS)
  .map((end) => `ssl_certificate $certpacks_pair${end};\nssl_certificate_key $certpacks_pair${end};\n`)
  .join('')}`;
