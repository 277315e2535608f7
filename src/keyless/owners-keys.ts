import { createSecureContext, type SecureContext } from 'node:tls';
import { Fault } from '../kit/fault.ts';
import type { Log } from '../kit/log.ts';
import { type KeyElsewhere, type ServerKey, type TokenKey, toKeyElsewhere } from '../pack/key-elsewhere.ts';
import { KeyServerClient } from './key-server-client.ts';
import { keyHashOf, publicKeyOf, type Signer } from './signer.ts';
import { type RemoteContext, Terminator } from './terminator.ts';
import { destroyIn, type KeysInTokens, makeIn, signerIn, tokenKeyOf } from './token-keys.ts';
import type { RemoteLimits, TokenPlace } from './told.ts';

/** How keys that are elsewhere are reached. */
export interface KeylessSetting {
  /** Path of the terminator program; '' where there is none. */
  readonly program: string;
  /** Client certificate, its key and the CA of key servers, in PEM; undefined: no key server is asked. */
  readonly client: { readonly cert: string; readonly key: string; readonly ca: string } | undefined;
  /** Key servers that may be asked, as `host:port` or `host`. */
  readonly keyServers: readonly string[];
  /** PKCS#11 module, slot and PIN; undefined: no token is asked. */
  readonly pkcs11: Omit<TokenPlace, 'token'> | undefined;
}

/** A chain in PEM, leaf first, and where its key is. */
interface RemotePair {
  readonly chain: string;
  readonly key: string;
}

/** Why the keys of one place cannot be used now; undefined: they can. */
export type KeyPlaceState = ReadonlyMap<string, string | undefined>;

/** All that is reached of keys that their owners keep: a connection a key server, a terminator a token, and one for key servers. */
export class OwnersKeys {
  readonly #setting: KeylessSetting;
  readonly #log: Log;
  readonly #servers = new Map<string, KeyServerClient>();
  readonly #tokens = new Map<string, Terminator>();
  readonly #state = new Map<string, string | undefined>();
  #forServers: Terminator | undefined;
  #client: SecureContext | undefined;

  constructor(setting: KeylessSetting, log: Log) {
    this.#setting = setting;
    this.#log = log;
  }

  /** Why each place of keys cannot be used now, by its name. */
  get state(): KeyPlaceState {
    return this.#state;
  }

  /**
   * What shows chains whose keys are elsewhere, of which those are shown that are in the place of the first. Throws
   * `keyless_not_offered` where nothing here reaches it.
   */
  contextOf(limits: RemoteLimits | undefined, first: RemotePair, second?: RemotePair): RemoteContext {
    const place = toKeyElsewhere(first.key);
    if (place.kind === 'token') {
      const pairs = [first, second]
        .flatMap((pair) => pair ?? [])
        .flatMap(({ chain, key: text }) => {
          const key = toKeyElsewhere(text);
          return key.kind === 'token' && key.token === place.token ? [{ chain, key }] : [];
        });
      return { pairs, signer: undefined, limits, terminator: this.#token(place) };
    }
    const program = this.#program();
    this.#forServers ??= new Terminator({ program, log: this.#log });
    const { chain } = first;
    return {
      pairs: [{ chain, key: undefined }],
      signer: this.#server(chain, place),
      limits,
      terminator: this.#forServers,
    };
  }

  /** Who signs with the key of a chain. Throws `keyless_not_offered`. */
  signerOf(chain: string, elsewhere: string): Signer {
    const place = toKeyElsewhere(elsewhere);
    if (place.kind === 'server') return this.#server(chain, place);
    return signerIn(this.#token(place), place);
  }

  /**
   * Keys of packs in a token, by their URIs: made there, signed with, destroyed. All throw `keyless_not_offered`,
   * `signer_unreachable` and `signer_refused`.
   */
  readonly keysInTokens: KeysInTokens = {
    make: async (uri, algorithm) => {
      const key = tokenKeyOf(uri);
      return makeIn(this.#token(key), key, algorithm);
    },
    sign: async (uri, content, algorithm) => {
      const key = tokenKeyOf(uri);
      return signerIn(this.#token(key), key).sign(algorithm === 'ecdsa' ? 0x0403 : 0x0401, content);
    },
    destroy: async (uri) => {
      const key = tokenKeyOf(uri);
      return destroyIn(this.#token(key), key);
    },
  };

  /** Throws `keyless_not_offered`, in words for whoever wants it, where a place is none that is asked here. */
  demandOffered(place: KeyElsewhere): void {
    if (place.kind === 'token') {
      if (!this.#setting.pkcs11)
        throw notOffered('no PKCS#11 module is configured here (option pkcs11_module)');
      return;
    }
    const { host, port } = place;
    const { keyServers, client } = this.#setting;
    if (!client) throw notOffered('no client certificate for key servers is configured here');
    if (!keyServers.includes(host) && !keyServers.includes(`${host}:${port}`))
      throw notOffered(
        `key server ${host}:${port} is not among those that may be asked (option key_servers)`,
      );
  }

  /** Ends all connections and programs. */
  close(): void {
    for (const server of this.#servers.values()) server.close();
    for (const token of this.#tokens.values()) token.close();
    this.#forServers?.close();
  }

  #server(chain: string, place: ServerKey): Signer {
    this.demandOffered(place);
    const name = `${place.host}:${place.port}`;
    const known = this.#servers.get(name);
    const onState = (why: string | undefined) => this.#tell(`key server ${name}`, why);
    const client = known ?? new KeyServerClient({ ...place, context: this.#clientContext(), onState });
    this.#servers.set(name, client);
    return client.signer(keyHashOf(publicKeyOf(chain)));
  }

  #token(place: TokenKey): Terminator {
    this.demandOffered(place);
    const { pkcs11 } = this.#setting;
    if (!pkcs11) throw notOffered('no PKCS#11 module is configured here (option pkcs11_module)');
    const known = this.#tokens.get(place.token);
    if (known) return known;
    const onState = (why: string | undefined) => this.#tell(`token ${place.token}`.trim(), why);
    const token = { ...pkcs11, token: place.token, onState };
    const terminator = new Terminator({ program: this.#program(), log: this.#log, token });
    this.#tokens.set(place.token, terminator);
    return terminator;
  }

  #program(): string {
    if (this.#setting.program !== '') return this.#setting.program;
    throw notOffered('the terminator is not built here: certpacks keyless build');
  }

  #clientContext(): SecureContext {
    const { client } = this.#setting;
    if (!client) throw notOffered('no client certificate for key servers is configured here');
    this.#client ??= createSecureContext({ ...client, minVersion: 'TLSv1.3' });
    return this.#client;
  }

  #tell(name: string, why: string | undefined): void {
    const before = this.#state.get(name);
    this.#state.set(name, why);
    if (why === before) return;
    if (why === undefined) this.#log.info({ place: name }, 'keyless: the keys can be used again');
    else this.#log.error({ place: name, why }, 'keyless: the keys cannot be used');
  }
}

const notOffered = (why: string): Fault =>
  new Fault('keyless_not_offered', `keyless certificates of this kind are not offered: ${why}`, {
    pointer: '/host',
  });
