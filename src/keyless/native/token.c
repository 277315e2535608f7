/* See token.h. */
#include "token.h"

#include <dlfcn.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

typedef unsigned long ulong_t;

struct attribute {
  ulong_t type;
  void *value;
  ulong_t length;
};
struct mechanism {
  ulong_t mechanism;
  void *parameter;
  ulong_t length;
};
struct pss {
  ulong_t hash, mgf, salt;
};
struct initialize {
  void *create, *destroy, *lock, *unlock;
  ulong_t flags;
  void *reserved;
};

typedef ulong_t any(void);
/* CK_FUNCTION_LIST up to C_GenerateKeyPair. */
struct functions {
  unsigned char version[2];
  ulong_t (*initialize)(struct initialize *);
  any *finalize, *get_info, *get_function_list;
  ulong_t (*get_slots)(unsigned char present, ulong_t *slots, ulong_t *count);
  any *get_slot_info;
  ulong_t (*get_token_info)(ulong_t slot, unsigned char *info);
  any *f7, *f8, *f9, *f10, *f11;
  ulong_t (*open_session)(ulong_t slot, ulong_t flags, void *application, void *notify, ulong_t *session);
  any *f13, *f14, *f15, *f16, *f17;
  ulong_t (*login)(ulong_t session, ulong_t user, const unsigned char *pin, ulong_t length);
  any *f19, *f20, *f21;
  ulong_t (*destroy)(ulong_t session, ulong_t object);
  any *f23;
  ulong_t (*get)(ulong_t session, ulong_t object, struct attribute *attributes, ulong_t count);
  any *f25;
  ulong_t (*find_init)(ulong_t session, struct attribute *attributes, ulong_t count);
  ulong_t (*find)(ulong_t session, ulong_t *objects, ulong_t most, ulong_t *count);
  ulong_t (*find_final)(ulong_t session);
  any *f29, *f30, *f31, *f32, *f33, *f34, *f35, *f36, *f37, *f38, *f39, *f40, *f41;
  ulong_t (*sign_init)(ulong_t session, struct mechanism *mechanism, ulong_t key);
  ulong_t (*sign)(ulong_t session, const unsigned char *data, ulong_t length, unsigned char *signature, ulong_t *signature_length);
  any *f44, *f45, *f46, *f47, *f48, *f49, *f50, *f51, *f52, *f53, *f54, *f55, *f56, *f57, *f58;
  ulong_t (*make)(ulong_t session, struct mechanism *mechanism, struct attribute *public, ulong_t public_count,
                  struct attribute *private, ulong_t private_count, ulong_t *public_key, ulong_t *private_key);
};

enum {
  ALREADY_LOGGED_IN = 0x100, ALREADY_INITIALIZED = 0x191, KEY_HANDLE_INVALID = 0x60, OBJECT_HANDLE_INVALID = 0x82,
  OS_LOCKING = 2, SERIAL_SESSION = 4, WRITING_SESSION = 2, USER = 1,
  CLASS = 0, ON_TOKEN = 1, PRIVATE = 2, LABEL = 3, KEY_TYPE = 0x100, ID = 0x102, SENSITIVE = 0x103, SIGNS = 0x108,
  VERIFIES = 0x10a, MODULUS = 0x120, MODULUS_BITS = 0x121, EXPONENT = 0x122, EXTRACTABLE = 0x162, CURVE = 0x180, POINT = 0x181,
  PUBLIC_KEY = 2, PRIVATE_KEY = 3, RSA_TYPE = 0, EC_TYPE = 3,
  RSA_PAIR = 0, RSA_PKCS = 1, RSA_PSS = 0xd, EC_PAIR = 0x1040, ECDSA = 0x1041,
};
enum { TOKEN_INFO = 512, LABEL_LENGTH = 32, MOST_SLOTS = 256, MOST_THREADS = 64, CACHED = 64 };

static struct functions *functions;
static ulong_t slot_used;
static int signal_fd = -1;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t some = PTHREAD_COND_INITIALIZER;
static struct job *waiting, *waiting_last, *done;

static void finish(struct job *job) {
  uint64_t one = 1;
  pthread_mutex_lock(&lock);
  job->next = done;
  done = job;
  pthread_mutex_unlock(&lock);
  if (write(signal_fd, &one, sizeof one) < 0) abort();
}

static struct job *take(void) {
  pthread_mutex_lock(&lock);
  while (!waiting) pthread_cond_wait(&some, &lock);
  struct job *job = waiting;
  waiting = job->next;
  if (!waiting) waiting_last = NULL;
  pthread_mutex_unlock(&lock);
  job->next = NULL;
  return job;
}

void token_sign(struct job *job) {
  job->next = NULL;
  pthread_mutex_lock(&lock);
  if (waiting_last)
    waiting_last->next = job;
  else
    waiting = job;
  waiting_last = job;
  pthread_cond_signal(&some);
  pthread_mutex_unlock(&lock);
}

struct job *token_done(void) {
  uint64_t count;
  if (read(signal_fd, &count, sizeof count) < 0) return NULL;
  pthread_mutex_lock(&lock);
  struct job *all = done;
  done = NULL;
  pthread_mutex_unlock(&lock);
  return all;
}

int token_signal(void) { return signal_fd; }

/* ---- one session ---- */

struct session {
  ulong_t handle;
  struct {
    struct key_name name;
    ulong_t key;
  } cached[CACHED];
  size_t count; /* of all that were ever noted: the oldest gives way */
  ulong_t writing; /* a session that may write; 0: none yet, as edges want none */
};

static int is_same(const struct key_name *one, const struct key_name *other) {
  return one->label_length == other->label_length && one->id_length == other->id_length &&
         memcmp(one->label, other->label, one->label_length) == 0 && memcmp(one->id, other->id, one->id_length) == 0;
}

/* The object of a class with a name, which only one may have; an error is what is wrong. */
static const char *look_up(ulong_t handle, ulong_t class, const struct key_name *name, ulong_t *key, ulong_t *code) {
  ulong_t found[2], count = 0, n = 1;
  struct attribute wanted[3] = {{CLASS, &class, sizeof class}};
  if (name->label_length > 0) wanted[n++] = (struct attribute){LABEL, (void *)name->label, name->label_length};
  if (name->id_length > 0) wanted[n++] = (struct attribute){ID, (void *)name->id, name->id_length};
  if ((*code = functions->find_init(handle, wanted, n)) != 0) return "it does not look for keys";
  *code = functions->find(handle, found, 2, &count);
  functions->find_final(handle);
  if (*code != 0) return "it does not look for keys";
  if (count == 0) return "no such private key in the token";
  *key = found[0];
  return count > 1 ? "more than one private key in the token has this name" : NULL;
}

static void forget(struct session *session, const struct key_name *name) {
  for (size_t i = 0; i < session->count && i < CACHED; i++)
    if (is_same(&session->cached[i].name, name)) session->cached[i].name.label_length = session->cached[i].name.id_length = 0;
}

static const char *find(struct session *session, const struct key_name *name, ulong_t *key, ulong_t *code) {
  for (size_t i = 0; i < session->count && i < CACHED; i++)
    if (is_same(&session->cached[i].name, name)) {
      *key = session->cached[i].key;
      return NULL;
    }
  const char *wrong = look_up(session->handle, PRIVATE_KEY, name, key, code);
  if (wrong) return wrong;
  session->cached[session->count % CACHED].name = *name;
  session->cached[session->count++ % CACHED].key = *key;
  return NULL;
}

/* r and s, as long as each other, in DER (RFC 3279 2.2.3). */
static size_t in_der(unsigned char *signature, size_t length) {
  unsigned char *at = signature;
  ECDSA_SIG *pair = ECDSA_SIG_new();
  BIGNUM *r = BN_bin2bn(signature, (int)(length / 2), NULL), *s = BN_bin2bn(signature + length / 2, (int)(length / 2), NULL);
  if (!pair || !r || !s || ECDSA_SIG_set0(pair, r, s) != 1) abort();
  int size = i2d_ECDSA_SIG(pair, NULL);
  size = size > 0 && size <= LONGEST_SIGNATURE ? i2d_ECDSA_SIG(pair, &at) : 0;
  ECDSA_SIG_free(pair);
  return size > 0 ? (size_t)size : 0;
}

/* What stands before a digest in RSASSA-PKCS1-v1_5 (RFC 8017 9.2), but for two bytes. */
static const unsigned char DIGEST_INFO[] = {0x30, 0, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                            0x65, 0x03, 0x04, 0x02, 0, 0x05, 0x00, 0x04, 0};

static size_t in_digest_info(unsigned char *data, const unsigned char *digest, size_t size, int step) {
  memcpy(data, DIGEST_INFO, sizeof DIGEST_INFO);
  data[1] = (unsigned char)(17 + size);
  data[14] = (unsigned char)(1 + step);
  data[18] = (unsigned char)size;
  memcpy(data + sizeof DIGEST_INFO, digest, size);
  return sizeof DIGEST_INFO + size;
}

static const char *sign(struct session *session, struct job *job, ulong_t *code) {
  int is_pss = (job->scheme & 0xff00) == 0x0800, is_ec = (job->scheme & 0xff) == 3 && !is_pss;
  int step = is_pss ? job->scheme - 0x0804 : (job->scheme >> 8) - 4;
  static const char *const names[] = {"SHA256", "SHA384", "SHA512"};
  unsigned char data[128];
  struct { unsigned char bytes[EVP_MAX_MD_SIZE]; size_t size; } digest;
  ulong_t key, length = LONGEST_SIGNATURE;
  if (step < 0 || step > 2) return "no such scheme";
  if (!EVP_Q_digest(NULL, names[step], NULL, job->content, job->content_length, digest.bytes, &digest.size))
    return "no digest";
  const char *wrong = find(session, &job->key, &key, code);
  if (wrong) return wrong;
  struct pss pss = {0x250 + 0x10 * (ulong_t)step, 2 + (ulong_t)step, digest.size};
  struct mechanism mechanism = {is_pss ? RSA_PSS : is_ec ? ECDSA : RSA_PKCS, is_pss ? &pss : NULL, is_pss ? sizeof pss : 0};
  size_t size = digest.size;
  if (!is_pss && !is_ec)
    size = in_digest_info(data, digest.bytes, digest.size, step);
  else
    memcpy(data, digest.bytes, size);
  *code = functions->sign_init(session->handle, &mechanism, key);
  if (*code == KEY_HANDLE_INVALID || *code == OBJECT_HANDLE_INVALID) {
    /* It was destroyed since, and another has its name; or the module has lost sight of it, and is to be loaded anew. */
    ulong_t lost = *code;
    forget(session, &job->key);
    if ((wrong = find(session, &job->key, &key, code)) != NULL) {
      *code = *code == 0 ? lost : *code;
      return wrong;
    }
    *code = functions->sign_init(session->handle, &mechanism, key);
  }
  if (*code != 0) return "it does not begin to sign";
  if ((*code = functions->sign(session->handle, data, size, job->signature, &length)) != 0) return "it does not sign";
  job->signature_length = is_ec ? in_der(job->signature, length) : length;
  return NULL;
}

/* ---- keys that are made here ---- */

static const char *begin_writing(struct session *session, ulong_t *code) {
  if (session->writing) return NULL;
  *code = functions->open_session(slot_used, SERIAL_SESSION | WRITING_SESSION, NULL, NULL, &session->writing);
  if (*code == 0) return NULL;
  session->writing = 0;
  return "it gives no session that may write";
}

/* The public half of a key: the modulus of one of RSA, whose exponent is 65537, or the point of one of P-256. */
static const char *read_public(ulong_t handle, struct job *job, ulong_t *code) {
  ulong_t key;
  unsigned char bytes[LONGEST_SIGNATURE];
  struct attribute wanted = {job->is_rsa ? MODULUS : POINT, bytes, sizeof bytes};
  const char *wrong = look_up(handle, PUBLIC_KEY, &job->key, &key, code);
  if (wrong) return *code == 0 ? "no such public key in the token" : wrong;
  if ((*code = functions->get(handle, key, &wanted, 1)) != 0) return "it does not tell a public key";
  /* Most tokens have the point as octets in DER, some as it is. */
  size_t skipped = !job->is_rsa && wanted.length == 67 && bytes[0] == 4 && bytes[1] == 65 ? 2 : 0;
  if (wanted.length > sizeof bytes || (!job->is_rsa && wanted.length - skipped != 65)) return "its public key is odd";
  job->signature_length = wanted.length - skipped;
  memcpy(job->signature, bytes + skipped, job->signature_length);
  return NULL;
}

/* RFC 5480 2.1.1.1: prime256v1. */
static unsigned char P256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};

static const char *make_pair(ulong_t handle, struct job *job, ulong_t *code) {
  unsigned char yes = 1, no = 0, exponent[] = {1, 0, 1};
  ulong_t bits = 2048, type = job->is_rsa ? RSA_TYPE : EC_TYPE, public_key, private_key;
  struct mechanism mechanism = {job->is_rsa ? RSA_PAIR : EC_PAIR, NULL, 0};
  struct attribute label = {LABEL, job->key.label, job->key.label_length}, id = {ID, job->key.id, job->key.id_length};
  struct attribute public[] = {{ON_TOKEN, &yes, 1}, {KEY_TYPE, &type, sizeof type}, {VERIFIES, &yes, 1}, label, id,
                               job->is_rsa ? (struct attribute){MODULUS_BITS, &bits, sizeof bits}
                                           : (struct attribute){CURVE, P256, sizeof P256},
                               {EXPONENT, exponent, sizeof exponent}};
  struct attribute private[] = {{ON_TOKEN, &yes, 1}, {PRIVATE, &yes, 1}, {SENSITIVE, &yes, 1}, {EXTRACTABLE, &no, 1},
                                {SIGNS, &yes, 1}, label, id};
  *code = functions->make(handle, &mechanism, public, job->is_rsa ? 7 : 6, private, 7, &public_key, &private_key);
  return *code == 0 ? NULL : "it makes no key";
}

/* A key that is there was made by somebody who did not live to tell. */
static const char *make(struct session *session, struct job *job, ulong_t *code) {
  ulong_t key;
  const char *wrong = begin_writing(session, code);
  if (wrong) return wrong;
  wrong = look_up(session->writing, PRIVATE_KEY, &job->key, &key, code);
  if (wrong && *code != 0) return wrong;
  if (wrong && (wrong = make_pair(session->writing, job, code)) != NULL) return wrong;
  return read_public(session->writing, job, code);
}

static const char *destroy(struct session *session, struct job *job, ulong_t *code) {
  static const ulong_t classes[] = {PRIVATE_KEY, PUBLIC_KEY};
  const char *wrong = begin_writing(session, code);
  if (wrong) return wrong;
  forget(session, &job->key);
  job->signature[0] = 1;
  for (int i = 0; i < 2;) {
    ulong_t key = 0;
    wrong = look_up(session->writing, classes[i], &job->key, &key, code);
    if (*code != 0) return wrong;
    if (key == 0)
      i++;
    else if ((*code = functions->destroy(session->writing, key)) != 0)
      return "it destroys no key";
    else
      job->signature_length = 1; /* There was one. */
  }
  return NULL;
}

static const char *perform(struct session *session, struct job *job, ulong_t *code) {
  if (job->task == MAKE) return make(session, job, code);
  return job->task == DESTROY ? destroy(session, job, code) : sign(session, job, code);
}

/* Codes that say no to what was asked, and nothing of the token: it has no room, no such mechanism, is not to be written. */
static int is_refusal(ulong_t code) {
  return code == 0x31 || code == 0x70 || code == 0x71 || code == 0xd0 || code == 0xd1 || code == 0xe2;
}

static void *work(void *arg) {
  struct session *session = arg;
  for (;;) {
    struct job *job = take();
    ulong_t code = 0;
    const char *wrong = perform(session, job, &code);
    if (wrong) {
      job->signature_length = 0;
      job->is_lost = code != 0 && !(job->task != SIGN && is_refusal(code));
      if (code == 0)
        snprintf(job->why, sizeof job->why, "%s", wrong);
      else
        snprintf(job->why, sizeof job->why, "%s (PKCS#11 error 0x%lx)", wrong, code);
    }
    finish(job);
  }
  return NULL;
}

/* ---- the token ---- */

static char wrong_words[128];

static const char *failed(const char *what, ulong_t code) {
  snprintf(wrong_words, sizeof wrong_words, "%s (PKCS#11 error 0x%lx)", what, code);
  return wrong_words;
}

static int has_label(ulong_t slot, const char *token) {
  unsigned char info[TOKEN_INFO] = {0};
  size_t length = strlen(token);
  if (length > LABEL_LENGTH || functions->get_token_info(slot, info) != 0) return 0;
  if (memcmp(info, token, length) != 0) return 0;
  for (size_t i = length; i < LABEL_LENGTH; i++)
    if (info[i] != ' ') return 0;
  return 1;
}

static const char *choose(const char *token, long wanted, ulong_t *slot) {
  ulong_t slots[MOST_SLOTS], count = MOST_SLOTS;
  ulong_t code = functions->get_slots(1, slots, &count);
  if (code != 0) return failed("the PKCS#11 module tells of no slots", code);
  for (ulong_t i = 0; i < count; i++) {
    if (wanted >= 0 && slots[i] != (ulong_t)wanted) continue;
    if (*token && !has_label(slots[i], token)) continue;
    *slot = slots[i];
    return NULL;
  }
  return "the token is not there";
}

const char *token_open(const char *module, const char *token, long wanted, const char *pin, int threads) {
  struct initialize how = {.flags = OS_LOCKING};
  ulong_t slot = 0, code;
  void *library = dlopen(module, RTLD_NOW | RTLD_LOCAL);
  ulong_t (*list)(struct functions **) = library ? (ulong_t(*)(struct functions **))dlsym(library, "C_GetFunctionList") : NULL;
  if (!library) return "the PKCS#11 module cannot be loaded";
  if (!list || list(&functions) != 0) return "the file is no PKCS#11 module";
  code = functions->initialize(&how);
  if (code != 0 && code != ALREADY_INITIALIZED) return failed("the PKCS#11 module does not begin", code);
  const char *wrong = choose(token, wanted, &slot);
  if (wrong) return wrong;
  slot_used = slot;
  signal_fd = eventfd(0, EFD_CLOEXEC);
  for (int i = 0; i < threads && i < MOST_THREADS; i++) {
    struct session *session = calloc(1, sizeof *session);
    pthread_t thread;
    if (!session) abort();
    if ((code = functions->open_session(slot, SERIAL_SESSION, NULL, NULL, &session->handle)) != 0)
      return failed("the token gives no session", code);
    if (i == 0 && *pin) {
      code = functions->login(session->handle, USER, (const unsigned char *)pin, strlen(pin));
      if (code != 0 && code != ALREADY_LOGGED_IN) return failed("the token does not take the PIN", code);
    }
    if (pthread_create(&thread, NULL, work, session) != 0) abort();
  }
  return NULL;
}
