// Publishes one notice and waits until it is in the common log, in plain C.
//
//   example-publish-c client.toml draft.json
//
// The draft is what `chancery publish --file` reads. Compiled as C11.

#include <chancery/chancery.h>
#include <stdio.h>

enum { DRAFT_BYTES_MAX = 1 << 20 };

static int failed(chancery_error* error) {
  fprintf(stderr, "%s: %s\n%s\n", chancery_error_name(error), chancery_error_detail(error),
          chancery_error_remedy(error));
  const int code = chancery_error_retryable(error) ? 2 : 1;
  chancery_error_free(error);
  return code;
}

static int publish(chancery_client* node, const char* draft, const char* id) {
  char* ticket = NULL;
  chancery_error* error = chancery_publish(node, draft, &ticket);
  if (error != NULL) {
    return failed(error);
  }
  printf("%s\n", ticket);
  chancery_free(ticket);

  int verdict = CHANCERY_UNKNOWN;
  char* outcome = NULL;
  error = chancery_wait(node, id, "logged", 30000, &verdict, &outcome);
  if (error != NULL) {
    return failed(error);
  }
  printf("%s\n", outcome);
  chancery_free(outcome);
  return verdict == CHANCERY_REACHED ? 0 : verdict == CHANCERY_REFUSED ? 1 : 2;
}

int main(int argc, char** argv) {
  static char fields[DRAFT_BYTES_MAX];
  static char draft[DRAFT_BYTES_MAX + 64];
  FILE* file = argc == 3 ? fopen(argv[2], "r") : NULL;
  if (file == NULL) {
    fprintf(stderr, "usage: example-publish-c CLIENT.TOML DRAFT.JSON\n");
    return 64;
  }
  fields[fread(fields, 1, sizeof fields - 1, file)] = '\0';
  fclose(file);

  chancery_options* options = NULL;
  chancery_client* node = NULL;
  char* id = NULL;  // Made here, and not by the library, to wait for it by its name.
  chancery_error* error = chancery_new_notice_id(&id);
  if (error == NULL) {
    error = chancery_options_from_file(argv[1], &options);
  }
  if (error == NULL) {
    error = chancery_open(options, &node);
  }
  int code = 0;
  if (error != NULL) {
    code = failed(error);
  } else {
    // The first key of the object, before those of the file.
    const char* rest = fields;
    while (*rest != '\0' && *rest != '{') {
      ++rest;
    }
    snprintf(draft, sizeof draft, "{\"id\": \"%s\", %s", id, *rest == '{' ? rest + 1 : "}");
    code = publish(node, draft, id);
  }
  chancery_close(node);
  chancery_options_free(options);
  chancery_free(id);
  return code;
}
