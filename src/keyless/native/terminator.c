/*
 * TLS for names whose private key is somewhere else. It reads frames from standard input and writes frames to standard output;
 * it opens no file and no socket, and asks for each signature by a frame. One process serves many connections at once: a
 * handshake that waits for its signature rests as an asynchronous job of OpenSSL while the others go on.
 *
 * A frame is: length of what follows the head (4 bytes), id (4), kind (1), all big-endian; then its bytes.
 *   in   K key, chain (twice)           a context under this id            k            drop the context
 *        V least version, latest version (2 each), suites of TLS 1.2: limits of the context; no suites: as they are
 *        O context (4)                  a connection under this id         X            drop the connection
 *        C bytes from the client        P bytes for the client             E            nothing more for the client
 *        S signature; none: refused
 *        M module\0token\0slot\0PIN\0threads\0   open a PKCS#11 token       T key, scheme (2), content: sign with it
 *        G key, kind (1; 1: RSA)        make it unless it is there         D key        destroy it; a byte where it was there
 *   out  c bytes for the client         p bytes from the client            e            the client ended
 *        s scheme (2), content          h protocol, cipher                 f why        the connection has failed
 *        a bytes for the client, or their end, were taken                  x            the context cannot be used
 *        m what is wrong, and it ends; none: open                                      t signature    u why there is none
 *                                                                          t, of G: its point or modulus; of D: nothing
 *        w version, before all others: what it understands
 *        l why: the token is of no use any more, and the program ends
 *
 * A key is the length of its label (2), its label, the length of its id (2), its id. A context whose key has neither asks by s;
 * the others sign with the token. A chain is its length (4), then PEM, leaf first; the second key and chain, of the other
 * algorithm, may be left out.
 */
#include "token.h"

#include <openssl/async.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

enum { HEAD = 9, LONGEST_FRAME = 1 << 20, BUCKETS = 4096, MOST_JOBS = 8192, MOST_HELD = 1 << 17 };

struct context {
  uint32_t id;
  SSL_CTX *ssl;
  struct key_name keys[2]; /* of EC, of RSA */
  struct context *next;
};

struct connection {
  uint32_t id;
  SSL *ssl;
  BIO *in, *out;
  struct key_name keys[2];
  int is_open;      /* the handshake is done */
  int waits;        /* a signature was asked for */
  int is_refused;   /* its signature was refused */
  int has_ended;    /* the client's end was told */
  unsigned char signature[LONGEST_SIGNATURE];
  size_t signature_length;
  struct connection *next;
};

static struct context *contexts[BUCKETS];
static struct connection *connections[BUCKETS];
/* The connection that OpenSSL works on; its jobs ask for signatures in its name. */
static struct connection *current;

/* ---- frames ---- */

static unsigned char *output;
static size_t output_length, output_room;

static void flush(void) {
  for (size_t done = 0; done < output_length;) {
    ssize_t n = write(STDOUT_FILENO, output + done, output_length - done);
    if (n <= 0) exit(1);
    done += (size_t)n;
  }
  output_length = 0;
}

static unsigned char *put(uint32_t id, char kind, size_t length) {
  size_t size = HEAD + length;
  if (output_length + size > output_room) {
    output_room = (output_length + size) * 2;
    output = realloc(output, output_room);
    if (!output) abort();
  }
  unsigned char *at = output + output_length;
  output_length += size;
  for (int i = 0; i < 4; i++) at[i] = (unsigned char)(length >> (24 - 8 * i));
  for (int i = 0; i < 4; i++) at[4 + i] = (unsigned char)(id >> (24 - 8 * i));
  at[8] = (unsigned char)kind;
  return at + HEAD;
}

static void tell(uint32_t id, char kind, const void *bytes, size_t length) {
  unsigned char *at = put(id, kind, length);
  if (length > 0) memcpy(at, bytes, length);
}

static uint32_t number(const unsigned char *at) {
  return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* ---- a provider whose keys sign by asking ---- */

/* A key is its public half, held by OpenSSL's own provider. */
static OSSL_FUNC_keymgmt_new_fn key_new;
static void *key_new(void *provider) {
  (void)provider;
  return OPENSSL_zalloc(sizeof(EVP_PKEY *));
}

static void key_free(void *key) {
  if (key) EVP_PKEY_free(*(EVP_PKEY **)key);
  OPENSSL_free(key);
}

static int key_has(const void *key, int selection) {
  (void)selection;
  return key != NULL && *(EVP_PKEY *const *)key != NULL;
}

static int key_match(const void *one, const void *other, int selection) {
  (void)selection;
  return EVP_PKEY_eq(*(EVP_PKEY *const *)one, *(EVP_PKEY *const *)other) == 1;
}

static int import_as(const char *type, void *key, const OSSL_PARAM params[]) {
  EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, "provider=default");
  int ok = ctx && EVP_PKEY_fromdata_init(ctx) == 1 &&
           EVP_PKEY_fromdata(ctx, key, EVP_PKEY_PUBLIC_KEY, (OSSL_PARAM *)params) == 1;
  EVP_PKEY_CTX_free(ctx);
  return ok;
}

static int ec_import(void *key, int selection, const OSSL_PARAM params[]) {
  (void)selection;
  return import_as("EC", key, params);
}

static int rsa_import(void *key, int selection, const OSSL_PARAM params[]) {
  (void)selection;
  return import_as("RSA", key, params);
}

/* Whoever wants the private half is told that there is none to be had: OpenSSL then signs here. */
static int key_export(void *key, int selection, OSSL_CALLBACK *take, void *arg) {
  OSSL_PARAM *params = NULL;
  if (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) return 0;
  if (EVP_PKEY_todata(*(EVP_PKEY **)key, EVP_PKEY_PUBLIC_KEY, &params) != 1) return 0;
  int ok = take(params, arg);
  OSSL_PARAM_free(params);
  return ok;
}

static const OSSL_PARAM *key_types(int selection) {
  static const OSSL_PARAM types[] = {
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
      OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
      OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, NULL, 0), OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, NULL, 0), OSSL_PARAM_END};
  (void)selection;
  return types;
}

static int key_get(void *key, OSSL_PARAM params[]) { return EVP_PKEY_get_params(*(EVP_PKEY **)key, params); }

static const OSSL_PARAM *key_gettable(void *provider) {
  static const OSSL_PARAM gettable[] = {
      OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL), OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
      OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL), OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_DEFAULT_DIGEST, NULL, 0),
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, NULL, 0), OSSL_PARAM_END};
  (void)provider;
  return gettable;
}

static const char *ec_operation(int operation) {
  return operation == OSSL_OP_SIGNATURE ? "ECDSA" : NULL;
}

#define KEY_FUNCTIONS(import)                                                                                        \
  {OSSL_FUNC_KEYMGMT_NEW, (void (*)(void))key_new}, {OSSL_FUNC_KEYMGMT_FREE, (void (*)(void))key_free},              \
      {OSSL_FUNC_KEYMGMT_HAS, (void (*)(void))key_has}, {OSSL_FUNC_KEYMGMT_MATCH, (void (*)(void))key_match},        \
      {OSSL_FUNC_KEYMGMT_IMPORT, (void (*)(void))import}, {OSSL_FUNC_KEYMGMT_IMPORT_TYPES, (void (*)(void))key_types}, \
      {OSSL_FUNC_KEYMGMT_EXPORT, (void (*)(void))key_export},                                                        \
      {OSSL_FUNC_KEYMGMT_EXPORT_TYPES, (void (*)(void))key_types},                                                   \
      {OSSL_FUNC_KEYMGMT_GET_PARAMS, (void (*)(void))key_get},                                                       \
      {OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, (void (*)(void))key_gettable}

static const OSSL_DISPATCH ec_keys[] = {
    KEY_FUNCTIONS(ec_import), {OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, (void (*)(void))ec_operation}, {0, NULL}};
static const OSSL_DISPATCH rsa_keys[] = {KEY_FUNCTIONS(rsa_import), {0, NULL}};

struct signing {
  EVP_PKEY *key;
  int digest;  /* bits of it */
  int is_pss;
};

static void *signing_new(void *provider, const char *query) {
  (void)provider;
  (void)query;
  return OPENSSL_zalloc(sizeof(struct signing));
}

static void signing_free(void *signing) { OPENSSL_free(signing); }

static int signing_set(void *at, const OSSL_PARAM params[]) {
  struct signing *signing = at;
  const OSSL_PARAM *mode = params ? OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_PAD_MODE) : NULL;
  int padding = 0;
  if (!mode) return 1;
  if (mode->data_type == OSSL_PARAM_UTF8_STRING)
    signing->is_pss = mode->data && strcmp(mode->data, OSSL_PKEY_RSA_PAD_MODE_PSS) == 0;
  else if (OSSL_PARAM_get_int(mode, &padding))
    signing->is_pss = padding == RSA_PKCS1_PSS_PADDING;
  else
    return 0;
  return 1;
}

static const OSSL_PARAM *signing_settable(void *signing, void *provider) {
  static const OSSL_PARAM settable[] = {OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_PAD_MODE, NULL, 0),
                                        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_RSA_PSS_SALTLEN, NULL, 0),
                                        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_DIGEST, NULL, 0),
                                        OSSL_PARAM_END};
  (void)signing;
  (void)provider;
  return settable;
}

static int signing_init(void *at, const char *digest, void *key, const OSSL_PARAM params[]) {
  struct signing *signing = at;
  EVP_MD *md = digest ? EVP_MD_fetch(NULL, digest, NULL) : NULL;
  if (!md) return 0;
  signing->digest = EVP_MD_get_size(md) * 8;
  EVP_MD_free(md);
  signing->key = *(EVP_PKEY **)key;
  return signing_set(signing, params);
}

/* SignatureScheme of RFC 8446 4.2.3. */
static int scheme_of(const struct signing *signing) {
  int step = signing->digest == 256 ? 0 : signing->digest == 384 ? 1 : signing->digest == 512 ? 2 : -1;
  if (step < 0) return 0;
  if (EVP_PKEY_is_a(signing->key, "EC")) return 0x0403 + 0x100 * step;
  return signing->is_pss ? 0x0804 + step : 0x0401 + 0x100 * step;
}

static int has_name(const struct key_name *key) { return key->label_length + key->id_length > 0; }

static struct job *new_job(uint32_t id, const struct key_name *key, enum task task) {
  struct job *job = token_signal() >= 0 ? calloc(1, sizeof *job) : NULL;
  if (!job) return NULL;
  job->id = id;
  job->key = *key;
  job->task = task;
  job->is_plain = 1;
  return job;
}

static int ask_token(uint32_t id, const struct key_name *key, int is_plain, int scheme, const unsigned char *content,
                     size_t length) {
  struct job *job = length <= LONGEST_CONTENT ? new_job(id, key, SIGN) : NULL;
  if (!job) return 0;
  job->is_plain = is_plain;
  job->scheme = scheme;
  job->content_length = length;
  memcpy(job->content, content, length);
  token_sign(job);
  return 1;
}

static int ask(struct connection *connection, const struct signing *signing, const unsigned char *content, size_t length) {
  const struct key_name *key = &connection->keys[EVP_PKEY_is_a(signing->key, "EC") ? 0 : 1];
  int scheme = scheme_of(signing);
  if (has_name(key)) return ask_token(connection->id, key, 0, scheme, content, length);
  unsigned char *frame = put(connection->id, 's', 2 + length);
  frame[0] = (unsigned char)(scheme >> 8);
  frame[1] = (unsigned char)scheme;
  memcpy(frame + 2, content, length);
  return 1;
}

static int signing_sign(void *at, unsigned char *signature, size_t *length, size_t room, const unsigned char *content,
                        size_t content_length) {
  struct signing *signing = at;
  struct connection *connection = current;
  size_t longest = (size_t)EVP_PKEY_get_size(signing->key);
  if (!signature) {
    *length = longest;
    return 1;
  }
  if (!connection || scheme_of(signing) == 0 || !ASYNC_get_current_job()) return 0;
  if (!ask(connection, signing, content, content_length)) return 0;
  connection->waits = 1;
  while (connection->waits)
    if (!ASYNC_pause_job()) return 0;
  if (connection->signature_length == 0 || connection->signature_length > room) return 0;
  memcpy(signature, connection->signature, connection->signature_length);
  *length = connection->signature_length;
  return 1;
}

static const OSSL_DISPATCH signing_functions[] = {
    {OSSL_FUNC_SIGNATURE_NEWCTX, (void (*)(void))signing_new},
    {OSSL_FUNC_SIGNATURE_FREECTX, (void (*)(void))signing_free},
    {OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, (void (*)(void))signing_init},
    {OSSL_FUNC_SIGNATURE_DIGEST_SIGN, (void (*)(void))signing_sign},
    {OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, (void (*)(void))signing_set},
    {OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, (void (*)(void))signing_settable},
    {0, NULL}};

static const OSSL_ALGORITHM *provider_query(void *provider, int operation, int *no_cache) {
  static const OSSL_ALGORITHM keys[] = {{"EC:id-ecPublicKey:1.2.840.10045.2.1", "provider=elsewhere", ec_keys, ""},
                                        {"RSA:rsaEncryption:1.2.840.113549.1.1.1", "provider=elsewhere", rsa_keys, ""},
                                        {NULL, NULL, NULL, NULL}};
  static const OSSL_ALGORITHM signatures[] = {{"ECDSA", "provider=elsewhere", signing_functions, ""},
                                              {"RSA:rsaEncryption:1.2.840.113549.1.1.1", "provider=elsewhere", signing_functions, ""},
                                              {NULL, NULL, NULL, NULL}};
  (void)provider;
  *no_cache = 0;
  if (operation == OSSL_OP_KEYMGMT) return keys;
  return operation == OSSL_OP_SIGNATURE ? signatures : NULL;
}

static int provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out,
                         void **provider) {
  static const OSSL_DISPATCH functions[] = {{OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))provider_query}, {0, NULL}};
  (void)in;
  *out = functions;
  *provider = (void *)handle;
  return 1;
}

/* ---- contexts ---- */

static struct context **context_at(uint32_t id) {
  struct context **at = &contexts[id % BUCKETS];
  while (*at && (*at)->id != id) at = &(*at)->next;
  return at;
}

static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *length, const unsigned char *in,
                           unsigned int in_length, void *arg) {
  static const unsigned char ours[] = "\x08http/1.1";
  (void)ssl;
  (void)arg;
  return SSL_select_next_proto((unsigned char **)out, length, ours, sizeof ours - 1, in, in_length) == OPENSSL_NPN_NEGOTIATED
             ? SSL_TLSEXT_ERR_OK
             : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static EVP_PKEY *key_elsewhere(X509 *leaf) {
  EVP_PKEY *public = X509_get0_pubkey(leaf), *key = NULL;
  const char *type = public && EVP_PKEY_is_a(public, "EC") ? "EC" : public && EVP_PKEY_is_a(public, "RSA") ? "RSA" : NULL;
  EVP_PKEY_CTX *ctx = type ? EVP_PKEY_CTX_new_from_name(NULL, type, "provider=elsewhere") : NULL;
  OSSL_PARAM *params = NULL;
  if (ctx && EVP_PKEY_todata(public, EVP_PKEY_PUBLIC_KEY, &params) == 1 && EVP_PKEY_fromdata_init(ctx) == 1)
    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params);
  OSSL_PARAM_free(params);
  EVP_PKEY_CTX_free(ctx);
  return key;
}

/* Takes a chain in PEM, leaf first; which key signs for it: 0 of EC, 1 of RSA, -1 for a chain that cannot be used. */
static int take_chain(SSL_CTX *ctx, const unsigned char *chain, size_t length) {
  BIO *pem = BIO_new_mem_buf(chain, (int)length);
  if (!pem) abort();
  X509 *leaf = PEM_read_bio_X509(pem, NULL, NULL, NULL), *next;
  EVP_PKEY *key = leaf ? key_elsewhere(leaf) : NULL;
  int ok = key && SSL_CTX_use_certificate(ctx, leaf) == 1 && SSL_CTX_use_PrivateKey(ctx, key) == 1;
  while (ok && (next = PEM_read_bio_X509(pem, NULL, NULL, NULL)))
    if (SSL_CTX_add0_chain_cert(ctx, next) != 1) {
      X509_free(next);
      ok = 0;
    }
  int which = !ok ? -1 : EVP_PKEY_is_a(key, "EC") ? 0 : 1;
  EVP_PKEY_free(key);
  X509_free(leaf);
  BIO_free(pem);
  return which;
}

static SSL_CTX *new_context(void) {
  SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
  if (!ctx) abort();
  SSL_CTX_set_mode(ctx, SSL_MODE_ASYNC | SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE);
  SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(ctx, 0);
  SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, NULL);
  int ok = SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
           SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256") == 1 &&
           SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL") == 1 &&
           SSL_CTX_set1_groups_list(ctx, "X25519:P-256:P-384") == 1 &&
           SSL_CTX_set1_sigalgs_list(ctx, "ECDSA+SHA256:ECDSA+SHA384:RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:"
                                          "RSA+SHA256:RSA+SHA384:RSA+SHA512") == 1;
  if (!ok) abort();
  return ctx;
}

static void drop_context(uint32_t id) {
  struct context **at = context_at(id), *gone = *at;
  if (!gone) return;
  *at = gone->next;
  SSL_CTX_free(gone->ssl);
  free(gone);
}

/* The key at the beginning of bytes; how long that is, 0 where there is none. */
static size_t read_key(struct key_name *key, const unsigned char *bytes, size_t length) {
  size_t label = length >= 2 ? (size_t)bytes[0] << 8 | bytes[1] : SIZE_MAX;
  if (label > LONGEST_NAME || length < 4 + label) return 0;
  size_t id = (size_t)bytes[2 + label] << 8 | bytes[3 + label];
  if (id > LONGEST_NAME || length < 4 + label + id) return 0;
  memcpy(key->label, bytes + 2, label);
  memcpy(key->id, bytes + 4 + label, id);
  key->label_length = label;
  key->id_length = id;
  return 4 + label + id;
}

/* Takes the key and the chain at the beginning of bytes; how long they are, 0 where they cannot be used. */
static size_t take_pair(struct context *context, const unsigned char *bytes, size_t length) {
  struct key_name key = {0};
  size_t at = read_key(&key, bytes, length);
  if (at == 0 || length < at + 4) return 0;
  size_t chain = number(bytes + at);
  if (chain > length - at - 4) return 0;
  int which = take_chain(context->ssl, bytes + at + 4, chain);
  if (which < 0) return 0;
  context->keys[which] = key;
  return at + 4 + chain;
}

static void add_context(uint32_t id, const unsigned char *bytes, size_t length) {
  struct context *added = calloc(1, sizeof *added);
  if (!added) abort();
  added->id = id;
  added->ssl = new_context();
  size_t first = take_pair(added, bytes, length);
  size_t second = first > 0 && first < length ? take_pair(added, bytes + first, length - first) : 0;
  drop_context(id);
  if (first == 0 || first + second != length) {
    SSL_CTX_free(added->ssl);
    free(added);
    tell(id, 'x', NULL, 0);
    return;
  }
  added->next = contexts[id % BUCKETS];
  contexts[id % BUCKETS] = added;
}

/* Sets limits of a context; one that cannot have them cannot be used. */
static void limit_context(uint32_t id, const unsigned char *bytes, size_t length) {
  struct context *context = *context_at(id);
  char suites[4096] = {0};
  if (!context) return;
  int ok = length >= 4 && length - 4 < sizeof suites;
  if (ok) {
    memcpy(suites, bytes + 4, length - 4);
    ok = SSL_CTX_set_min_proto_version(context->ssl, bytes[0] << 8 | bytes[1]) == 1 &&
         SSL_CTX_set_max_proto_version(context->ssl, bytes[2] << 8 | bytes[3]) == 1 &&
         (length == 4 || SSL_CTX_set_cipher_list(context->ssl, suites) == 1);
  }
  if (ok) return;
  drop_context(id);
  tell(id, 'x', NULL, 0);
}

/* ---- connections ---- */

static struct connection **connection_at(uint32_t id) {
  struct connection **at = &connections[id % BUCKETS];
  while (*at && (*at)->id != id) at = &(*at)->next;
  return at;
}

/* A job that rests holds what it works on: it is let come to its end first, with no signature. */
static void drop_connection(uint32_t id) {
  struct connection **at = connection_at(id), *gone = *at;
  if (!gone) return;
  *at = gone->next;
  current = gone;
  for (int i = 0; gone->waits && i < 8; i++) {
    gone->waits = 0;
    gone->signature_length = 0;
    SSL_do_handshake(gone->ssl);
  }
  SSL_free(gone->ssl);
  current = NULL;
  OPENSSL_cleanse(gone->signature, sizeof gone->signature);
  free(gone);
}

static void open_connection(uint32_t id, uint32_t context_id) {
  struct context *context = *context_at(context_id);
  struct connection *added = calloc(1, sizeof *added);
  if (!added) abort();
  drop_connection(id);
  added->id = id;
  added->ssl = context ? SSL_new(context->ssl) : NULL;
  added->in = BIO_new(BIO_s_mem());
  added->out = BIO_new(BIO_s_mem());
  if (!added->ssl || !added->in || !added->out) {
    SSL_free(added->ssl);
    BIO_free(added->in);
    BIO_free(added->out);
    free(added);
    tell(id, 'f', "no such context", 15);
    return;
  }
  memcpy(added->keys, context->keys, sizeof added->keys);
  BIO_set_mem_eof_return(added->in, -1);
  SSL_set_bio(added->ssl, added->in, added->out);
  SSL_set_accept_state(added->ssl);
  added->next = connections[id % BUCKETS];
  connections[id % BUCKETS] = added;
}

static void pass_out(struct connection *connection) {
  char *bytes;
  long length = BIO_get_mem_data(connection->out, &bytes);
  if (length <= 0) return;
  tell(connection->id, 'c', bytes, (size_t)length);
  (void)BIO_reset(connection->out);
}

static void fail(struct connection *connection) {
  unsigned long code = ERR_peek_error();
  const char *why = ERR_reason_error_string(code);
  if (connection->is_refused) why = "key unreachable";
  if (!why) why = "unknown";
  pass_out(connection);
  tell(connection->id, 'f', why, strlen(why));
  drop_connection(connection->id);
}

/* Whether the connection is still there and its handshake done. */
static int shake_hands(struct connection *connection) {
  if (connection->is_open) return 1;
  if (connection->waits) return 0;
  ERR_clear_error();
  current = connection;
  int result = SSL_do_handshake(connection->ssl);
  current = NULL;
  int why = result == 1 ? SSL_ERROR_NONE : SSL_get_error(connection->ssl, result);
  pass_out(connection);
  if (result == 1) {
    char words[128];
    int n = BIO_snprintf(words, sizeof words, "%s %s", SSL_get_version(connection->ssl),
                         SSL_CIPHER_get_name(SSL_get_current_cipher(connection->ssl)));
    connection->is_open = 1;
    SSL_clear_mode(connection->ssl, SSL_MODE_ASYNC);
    tell(connection->id, 'h', words, n > 0 ? (size_t)n : 0);
    return 1;
  }
  if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE && why != SSL_ERROR_WANT_ASYNC) fail(connection);
  return 0;
}

static void pass_in(struct connection *connection) {
  unsigned char bytes[16384];
  if (!shake_hands(connection)) return;
  for (;;) {
    ERR_clear_error();
    int n = SSL_read(connection->ssl, bytes, sizeof bytes);
    if (n > 0) {
      tell(connection->id, 'p', bytes, (size_t)n);
      continue;
    }
    int why = SSL_get_error(connection->ssl, n);
    pass_out(connection);
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return;
    if (why != SSL_ERROR_ZERO_RETURN) {
      fail(connection);
      return;
    }
    if (!connection->has_ended) tell(connection->id, 'e', NULL, 0);
    connection->has_ended = 1;
    return;
  }
}

static void send_on(struct connection *connection, const unsigned char *bytes, size_t length) {
  if (!connection->is_open) return;
  while (length > 0) {
    ERR_clear_error();
    int n = SSL_write(connection->ssl, bytes, length > 16384 ? 16384 : (int)length);
    if (n <= 0) {
      fail(connection);
      return;
    }
    bytes += n;
    length -= (size_t)n;
  }
  pass_out(connection);
  tell(connection->id, 'a', NULL, 0);
}

static void sign(struct connection *connection, const unsigned char *bytes, size_t length) {
  if (!connection->waits || length > LONGEST_SIGNATURE) return;
  memcpy(connection->signature, bytes, length);
  connection->signature_length = length;
  connection->is_refused = length == 0;
  connection->waits = 0;
  pass_in(connection);
}

/* ---- the token ---- */

/* Opens the token that a frame names: five texts, each with a zero behind it. */
static void open_token(uint32_t id, const unsigned char *bytes, size_t length) {
  const char *texts[5];
  size_t at = 0;
  for (int i = 0; i < 5; i++) {
    const unsigned char *end = at < length ? memchr(bytes + at, 0, length - at) : NULL;
    texts[i] = (const char *)bytes + at;
    if (!end) return tell(id, 'm', "malformed", 9);
    at = (size_t)(end - bytes) + 1;
  }
  const char *wrong = token_open(texts[0], texts[1], atol(texts[2]), texts[3], atoi(texts[4]));
  tell(id, 'm', wrong, wrong ? strlen(wrong) : 0);
  if (!wrong) return;
  flush();
  exit(5);
}

static void sign_plainly(uint32_t id, const unsigned char *bytes, size_t length) {
  struct key_name key = {0};
  size_t size = read_key(&key, bytes, length);
  if (size == 0 || length < size + 2 || !has_name(&key) ||
      !ask_token(id, &key, 1, bytes[size] << 8 | bytes[size + 1], bytes + size + 2, length - size - 2))
    tell(id, 'u', "malformed", 9);
}

static void change_key(uint32_t id, enum task task, const unsigned char *bytes, size_t length) {
  struct key_name key = {0};
  size_t size = read_key(&key, bytes, length);
  struct job *job = size > 0 && length == size + (task == MAKE) && has_name(&key) ? new_job(id, &key, task) : NULL;
  if (!job) return tell(id, 'u', "malformed", 9);
  job->is_rsa = task == MAKE && bytes[size] == 1;
  token_sign(job);
}

static void take_signatures(void) {
  const char *lost = NULL;
  static char why[96];
  for (struct job *job = token_done(), *next; job; job = next) {
    next = job->next;
    struct connection *connection = job->is_plain ? NULL : *connection_at(job->id);
    if (job->is_plain && job->why[0] == 0)
      tell(job->id, 't', job->signature, job->signature_length);
    else if (job->is_plain)
      tell(job->id, 'u', job->why, strlen(job->why));
    else if (connection)
      sign(connection, job->signature, job->signature_length);
    if (job->is_lost) {
      memcpy(why, job->why, sizeof why);
      lost = why;
    }
    free(job);
  }
  if (!lost) return;
  tell(0, 'l', lost, strlen(lost));
  flush();
  exit(4);
}

static void handle(uint32_t id, char kind, const unsigned char *bytes, size_t length) {
  if (kind == 'K') return add_context(id, bytes, length);
  if (kind == 'k') return drop_context(id);
  if (kind == 'V') return limit_context(id, bytes, length);
  if (kind == 'X') return drop_connection(id);
  if (kind == 'O') {
    if (length == 4) open_connection(id, number(bytes));
    return;
  }
  if (kind == 'M') return open_token(id, bytes, length);
  if (kind == 'T') return sign_plainly(id, bytes, length);
  if (kind == 'G' || kind == 'D') return change_key(id, kind == 'G' ? MAKE : DESTROY, bytes, length);
  struct connection *connection = *connection_at(id);
  if (!connection) return;
  if (kind == 'C') {
    /* Nothing reads while a signature is awaited, and no client has much to say then. */
    if (connection->waits && (size_t)BIO_pending(connection->in) + length > MOST_HELD) {
      tell(id, 'f', "too much data", 13);
      return drop_connection(id);
    }
    BIO_write(connection->in, bytes, (int)length);
    pass_in(connection);
  } else if (kind == 'P') {
    send_on(connection, bytes, length);
  } else if (kind == 'S') {
    sign(connection, bytes, length);
  } else if (kind == 'E') {
    if (connection->is_open) SSL_shutdown(connection->ssl);
    pass_out(connection);
    tell(id, 'a', NULL, 0);
  }
}

/* Handles what can be read; how much of a frame is left over. */
static size_t read_frames(unsigned char *input, size_t held) {
  ssize_t n = read(STDIN_FILENO, input + held, LONGEST_FRAME + HEAD - held);
  if (n <= 0) exit(n == 0 ? 0 : 1);
  held += (size_t)n;
  size_t at = 0;
  while (held - at >= HEAD) {
    size_t length = number(input + at);
    if (length > LONGEST_FRAME) exit(3);
    if (held - at < HEAD + length) break;
    handle(number(input + at + 4), (char)input[at + 8], input + at + HEAD, length);
    at += HEAD + length;
  }
  memmove(input, input + at, held - at);
  /* What is handled may have been a PIN. */
  OPENSSL_cleanse(input + held - at, at);
  return held - at;
}

/* Another one whenever a frame is added or changed, here and in terminator.ts. */
static const char VERSION[] = "2";

int main(void) {
  static unsigned char input[LONGEST_FRAME + HEAD];
  size_t held = 0;
  struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0);
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (!OSSL_PROVIDER_load(NULL, "default") || OSSL_PROVIDER_add_builtin(NULL, "elsewhere", provider_init) != 1 ||
      !OSSL_PROVIDER_load(NULL, "elsewhere") || EVP_set_default_properties(NULL, "?provider=default") != 1 || ASYNC_init_thread(MOST_JOBS, 16) != 1)
    return 2;
  tell(0, 'w', VERSION, sizeof VERSION - 1);
  flush();
  for (;;) {
    struct pollfd ready[] = {{STDIN_FILENO, POLLIN, 0}, {token_signal(), POLLIN, 0}};
    if (poll(ready, 2, -1) < 0) continue;
    if (ready[1].revents) take_signatures();
    if (ready[0].revents) held = read_frames(input, held);
    flush();
  }
}
