// The client library of Chancery as a C interface: the one that stays the same. C11; no C++ needed.
//
//   chancery_options *options = NULL;
//   chancery_client *node = NULL;
//   char *ticket = NULL;
//   chancery_error *error = chancery_options_from_file("client.toml", &options);
//   if (error == NULL) error = chancery_open(options, &node);
//   if (error == NULL) error = chancery_publish(node, "{\"kind\": \"contact\", …}", &ticket);
//   if (error != NULL) fprintf(stderr, "%s\n", chancery_error_name(error));
//
// Drafts go in, and notices come out, as JSON: the same as the command's (docs/reference/cli.md);
// docs/reference/client.md has the rest. chancery/client.h is a thin layer of C++17 over this.
//
// Failure.   A function that can fail returns NULL, or an error, which the caller frees. What it
//            was to give is then NULL or untouched.
// Texts.     UTF-8, ended by a zero byte, in both directions; not kept beyond the call. A text that
//            is given through a `char **` is the caller's: chancery_free().
// Threads.   Any thread may call any function at any time, on the same client too. An options
//            object or an error belongs to one thread at a time. No function calls back.
// Closed.    A client handle is never dangling: after chancery_close(), each call with it is
//            "client-closed", and calls that were under way end so.
// Fork.      The child of a fork has none of the parent's clients: calls with them are
//            "after-fork". It may open its own.
// Time.      Every call ends by its time-out (options connect_timeout_ms and request_timeout_ms).
//            A thread inside of a call must not be cancelled (pthread_cancel).
// NULL.      Where it is not said to be allowed, a NULL argument is "bad-argument"; freeing it is
//            not an error.

#pragma once

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define CHANCERY_API __attribute__((visibility("default")))
#else
#define CHANCERY_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

// NOLINTBEGIN: this is C.

// The release that this header is of: 10000 * major + 100 * minor + patch. Within the soname
// libchancery.so.0 functions are added, and none is changed or removed.
#define CHANCERY_HEADER_VERSION 100

// Of the library that runs: the same number, and "0.1.0".
CHANCERY_API uint32_t chancery_version_number(void);
CHANCERY_API const char* chancery_version(void);

typedef struct chancery_client chancery_client;
typedef struct chancery_options chancery_options;
typedef struct chancery_error chancery_error;

// Of a text that was given; NULL is allowed.
CHANCERY_API void chancery_free(char* text);

// ---- Errors. docs/reference/errors.md lists them. The texts live as long as the error, are never
// NULL and may be empty. Of NULL, which is no error: 0 and "".

CHANCERY_API uint32_t chancery_error_number(const chancery_error* error);
CHANCERY_API const char* chancery_error_name(const chancery_error* error);  // "no-daemon": stable.
CHANCERY_API const char* chancery_error_text(const chancery_error* error);  // In general.
CHANCERY_API const char* chancery_error_detail(const chancery_error* error);  // What happened here.
CHANCERY_API const char* chancery_error_remedy(const chancery_error* error);  // What to do.
CHANCERY_API int chancery_error_retryable(const chancery_error* error);  // 1: may succeed later.
// From chancery_publish(): the id to repeat with.
CHANCERY_API const char* chancery_error_notice_id(const chancery_error* error);
// The node's own wish; 0 is none.
CHANCERY_API uint64_t chancery_error_retry_after_ms(const chancery_error* error);
CHANCERY_API void chancery_error_free(chancery_error* error);  // NULL is allowed.

// An error of the table, by its name, with a detail of the caller's own (NULL is none): for
// bindings, and for the code in an outcome. "internal" where the table has no such name.
CHANCERY_API chancery_error* chancery_error_make(const char* name, const char* detail);

// ---- Options: how to reach one's node. Names are the keys of a client.toml
// (docs/reference/config.md), and request_count_max; keys are 64 hexadecimal digits. `node` is an
// endpoint, "ipc:///run/…/local.sock" or "tcp://127.0.0.1:7420".

CHANCERY_API chancery_error* chancery_options_new(chancery_options** options);
CHANCERY_API chancery_error* chancery_options_from_file(const char* path,
                                                        chancery_options** options);
// "config-unknown-key", or "config-invalid".
CHANCERY_API chancery_error* chancery_options_set(chancery_options* options, const char* name,
                                                  const char* value);
// The secret `key` too: wipe what you get.
CHANCERY_API chancery_error* chancery_options_get(const chancery_options* options, const char* name,
                                                  char** value);
CHANCERY_API void chancery_options_free(chancery_options* options);  // Wipes the key.

// ---- The client: one connection to the member's node, kept up by a thread of its own.

// Returns without waiting for the node: whether it is there shows with the first call.
CHANCERY_API chancery_error* chancery_open(const chancery_options* options,
                                           chancery_client** client);
// NULL, what is closed already and a parent's client in the child of a fork are allowed.
CHANCERY_API void chancery_close(chancery_client* client);

// A UUIDv7. To publish once in spite of a crash, store it before the notice is published.
CHANCERY_API chancery_error* chancery_new_notice_id(char** id);

// Returns when the notice is durable in the node's outbox. `draft` is the object that `chancery
// publish --file` reads; without "id" the library makes one. The ticket has id, notice and
// recipients. After "unknown-outcome" or "no-daemon", publish again with
// chancery_error_notice_id(): it stays one notice.
CHANCERY_API chancery_error* chancery_publish(chancery_client* client, const char* draft,
                                              char** ticket);

// Publishes that people here read a notice of another member (`level` "read") or acted on it
// ("actioned"), to its origin and with its status, precedence and label. The notice is named as for
// chancery_show(); `remark` may be NULL. A ticket, as of chancery_publish().
CHANCERY_API chancery_error* chancery_acknowledge(chancery_client* client, const char* name,
                                                  const char* level, const char* remark,
                                                  char** ticket);

// Publishes that people here read a notice of another member (`level` "read") or acted on it
// ("actioned"), to its origin and with its status, precedence and label. The notice is named as for
// chancery_show(); `remark` may be NULL. A ticket, as of chancery_publish().
CHANCERY_API chancery_error* chancery_acknowledge(chancery_client* client, const char* name,
                                                  const char* level, const char* remark,
                                                  char** ticket);

// Many notices, on their way side by side: {"drafts": [draft, …]}, at most 4 MiB, gives
// {"results": [{"id", "notice", "recipients", "error"}, …]} in the order of the drafts: of each the
// ticket, with error null, or why it was not taken, with notice and recipients null. Some may be
// taken and others not; publish those with a retryable error again, with their ids.
CHANCERY_API chancery_error* chancery_publish_batch(chancery_client* client, const char* drafts,
                                                    char** results);

enum {
  CHANCERY_REACHED = 0,  // The stage asked for, or a later one.
  CHANCERY_REFUSED = 1,  // Final; the outcome's error says why.
  CHANCERY_UNKNOWN = 2   // The time was up. Not a failure: ask again.
};

// Until the notice of this id is at the stage, "queued", "logged", "witnessed" or "delivered". The
// outcome has verdict, stage, index, accepted_at and error. Either of the two may be NULL.
CHANCERY_API chancery_error* chancery_wait(chancery_client* client, const char* id,
                                           const char* stage, uint64_t timeout_ms, int* verdict,
                                           char** outcome);

// As chancery_publish() and then chancery_wait(), in one way to the node: for those who wait for
// each notice. The time counts from the call. An error is of the first of the two. Whatever is not
// known in time, or keeps it from waiting for what was published, is in the outcome. Verdict and
// outcome may be NULL.
CHANCERY_API chancery_error* chancery_publish_until(chancery_client* client, const char* draft,
                                                    const char* stage, uint64_t timeout_ms,
                                                    char** ticket, int* verdict, char** outcome);

// Where a reader stands, in arrival numbers of the node. This structure does not grow.
typedef struct chancery_position {
  uint64_t arrival;
  uint64_t arrival_urgent;  // Used along a cursor only.
} chancery_position;

// A page: {"notices": […], "next_after": n, "next_after_urgent": n, "unmarked": false}. `query` is
// an object of after, after_urgent, last, limit, origins, kinds, statuses, precedence_min, since
// and wait_ms, each as in InboxQuery of chancery/client.h; NULL asks for the first page of all.
// `next` may be NULL; it repeats where the page ends, for those who pass pages on without looking
// into them.
CHANCERY_API chancery_error* chancery_inbox(chancery_client* client, const char* query,
                                            chancery_position* next, char** page);
// The same from where the application's durable cursor of this name stands, or from `after` where
// that is further; urgent notices first.
CHANCERY_API chancery_error* chancery_read(chancery_client* client, const char* cursor,
                                           const char* query, chancery_position* next, char** page);
// Everything up to `done` is done with. `stands`, which may be NULL, is where the cursor now is: it
// never goes back.
CHANCERY_API chancery_error* chancery_commit(chancery_client* client, const char* cursor,
                                             const chancery_position* done,
                                             chancery_position* stands);

// A notice of a page of chancery_read() has `redelivered`, true where it may have been handed out
// along the cursor before, and `attempts`: so often was it given back there.
//
// Everything of the page is done with: chancery_commit() of where it ends, and of what in it had
// been given back. `page` is what chancery_read() gave, or of it only next_after, next_after_urgent
// and of each notice arrival and attempts. `stands` may be NULL.
CHANCERY_API chancery_error* chancery_ack(chancery_client* client, const char* cursor,
                                          const char* page, chancery_position* stands);
// Not now: gives notices back. They let the cursor pass, and come again along it when they are due.
// `nack` is an object of notices (a list of objects as those of a page, or of them only arrival and
// attempts), delay_ms, attempts_max, quarantine and reason, as in Nack of chancery/client.h.
// {"deferrals": […]} is what became of them: each arrival, attempts, due_at, quarantined_at and
// reason.
CHANCERY_API chancery_error* chancery_nack(chancery_client* client, const char* cursor,
                                           const char* nack, char** deferrals);
// What was given back along the cursor, by arrival: {"notices": […], "next_after": n, "last": true
// or false}, each notice with due_at, quarantined_at and reason, and without content. `query` is an
// object of after, limit, waiting and quarantined; NULL asks for the first page of all.
CHANCERY_API chancery_error* chancery_deferred(chancery_client* client, const char* cursor,
                                               const char* query, char** page);
// {"arrivals": [n, …]}: these come again now, whether they wait or are quarantined; {"all": true}:
// all that are quarantined. `count` may be NULL.
CHANCERY_API chancery_error* chancery_redrive(chancery_client* client, const char* cursor,
                                              const char* which, uint64_t* count);

// What the member published, with what it came to, oldest first: {"notices": […], "next_after": n,
// "last": true or false}. `query` is an object of after, limit and stages ("queued", "logged",
// "refused"); NULL asks for the first page of all.
CHANCERY_API chancery_error* chancery_outbox(chancery_client* client, const char* query,
                                             char** page);
// Withdraws a notice that was not sent yet: the outcome is refused, with "withdrawn". Afterwards it
// is "already-sent".
CHANCERY_API chancery_error* chancery_cancel(chancery_client* client, const char* id,
                                             char** outcome);
// Has a notice that was refused, or waits aside, sent again.
CHANCERY_API chancery_error* chancery_retry(chancery_client* client, const char* id,
                                            char** outcome);

// {"cursors": [{"cursor": name, "arrival": n, "arrival_urgent": n}], "newest_arrival": n}: those of
// this application.
CHANCERY_API chancery_error* chancery_cursors(chancery_client* client, char** cursors);
// Puts the cursor there, also backwards: what was read comes again, and what was given back stays
// so. `stands` may be NULL.
CHANCERY_API chancery_error* chancery_reset(chancery_client* client, const char* cursor,
                                            const chancery_position* to, chancery_position* stands);

// One notice in full, as `chancery show --json`: by its hash or at least 8 digits of it, by its id,
// or by its index.
CHANCERY_API chancery_error* chancery_show(chancery_client* client, const char* name,
                                           char** details);

// {"kinds": […]}: those that this library can make and read.
CHANCERY_API chancery_error* chancery_kinds(char** kinds);

// Set struct_size to sizeof(chancery_statistics). Fields are added at the end: a newer library
// fills what an older program knows, and zeroes what a newer program knows and it does not.
typedef struct chancery_statistics {
  size_t struct_size;
  uint64_t connected;         // 1 or 0.
  uint64_t connection_count;  // So often was a connection made.
  uint64_t request_count;
  uint64_t resend_count;  // Requests sent again after a lost connection.
  uint64_t timeout_count;
} chancery_statistics;

// "bad-argument" where struct_size is less than that of the first release.
CHANCERY_API chancery_error* chancery_stats(chancery_client* client, chancery_statistics* stats);
CHANCERY_API chancery_error* chancery_stats_json(chancery_client* client, char** stats);

// NOLINTEND

#ifdef __cplusplus
}  // extern "C"
#endif
