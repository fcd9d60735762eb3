#include "cli/show.h"

#include <unistd.h>

#include <iostream>

#include "chancery/client.h"
#include "cli/connection.h"
#include "cli/display.h"
#include "cli/terminal.h"
#include "client/src/notice_json.h"
#include "io/os/exit_codes.h"

namespace chancery::cli {

Result<int> run_show(const ShowOptions& options, const Shared& shared) {
  CHANCERY_TRY(const Language language, language_from(options.language));
  CHANCERY_TRY(const client::Options node, client_options(shared));
  client::Client client(node);
  const client::Details details = client.show(options.name);
  if (shared.json) {
    std::cout << json_line(client::details_json(details)) << "\n";
  } else {
    std::cout << sheet(details, {.language = language, .width = columns(STDOUT_FILENO)});
  }
  return os::kExitDone;
}

}  // namespace chancery::cli
