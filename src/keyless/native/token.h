/*
 * Signatures by a PKCS#11 token, each by one of some threads with a session of its own. What there is of PKCS#11 here is what
 * is used of it (OASIS PKCS #11 3.0, pkcs11t.h and pkcs11f.h).
 */
#ifndef CERTPACKS_TOKEN_H
#define CERTPACKS_TOKEN_H

#include <stddef.h>
#include <stdint.h>

enum { LONGEST_SIGNATURE = 1024, LONGEST_CONTENT = 16384, LONGEST_NAME = 512 };

/* Which private key of the token: by its label, its id, or both. */
struct key_name {
  unsigned char label[LONGEST_NAME], id[LONGEST_NAME];
  size_t label_length, id_length;
};

/* What is done with a key: it signs, it is made unless it is there, it is destroyed. */
enum task { SIGN, MAKE, DESTROY };

struct job {
  struct key_name key;
  enum task task;
  int is_rsa;              /* of a key to be made: RSA-2048, else P-256 */
  int scheme;
  unsigned char content[LONGEST_CONTENT];
  size_t content_length;
  unsigned char signature[LONGEST_SIGNATURE]; /* of a key that was made: its point, or its modulus */
  size_t signature_length; /* 0: it failed, but for a key that was destroyed */
  char why[96];            /* why it failed; "token" before it where the whole token is of no use any more */
  int is_lost;
  uint32_t id;             /* whose it is */
  int is_plain;            /* asked for by a frame, not by a handshake */
  struct job *next;
};

/* Opens a token and logs in; NULL, or what is wrong. `token` is its label, '' for the one in `slot`; no slot is -1. */
const char *token_open(const char *module, const char *token, long slot, const char *pin, int threads);

/* Takes a job, which comes back by `token_done` when `token_signal` can be read. */
void token_sign(struct job *job);
struct job *token_done(void);
int token_signal(void);

#endif
