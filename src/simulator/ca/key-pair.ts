/** A certificate and its private key (PKCS#8), both PEM. */
export interface KeyPair {
  readonly pem: string;
  readonly key: string;
}

/** What a CA keeps for as long as its folder lasts. */
export interface Authority {
  readonly root: KeyPair;
  /** Issues to ECDSA keys. */
  readonly intermediate: KeyPair;
  /** Issues to RSA keys, as public CAs do: its signatures are RSA. */
  readonly rsaIntermediate: KeyPair;
  /** Of its directory. */
  readonly tls: KeyPair;
  /** Key for external account binding that it gave out; `hmacKey` is base64url. */
  readonly eab?: { readonly kid: string; readonly hmacKey: string };
  /** Port of its directory; 0 before it has one. */
  readonly port: number;
}
