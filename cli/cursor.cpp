#include "cli/cursor.h"

#include <iostream>

#include "chancery/client.h"
#include "cli/connection.h"
#include "cli/display.h"
#include "client/src/answer_json.h"
#include "core/base/encoding.h"
#include "io/os/exit_codes.h"

namespace chancery::cli {
namespace {

std::string cursor_line(const std::string& name, const client::Position& stands) {
  return harmless(name) + "  patient up to " + std::to_string(stands.arrival) + ", urgent up to " +
         std::to_string(stands.arrival_urgent);
}

// In both lanes: up to an arrival number all is done with, and nothing after it.
Result<std::uint64_t> arrival_of(const std::string& word, client::Client& client) {
  if (word == "start") {
    return 0;
  }
  if (word == "end") {
    return client.cursors().newest_arrival;
  }
  if (Result<std::uint64_t> number = from_decimal(word); number.has_value()) {
    return number;
  }
  return fail(ErrorCode::kUsage, "'" + word + "' is neither start, nor end, nor an arrival number");
}

}  // namespace

Result<int> run_cursor_list(const CursorListOptions& /*options*/, const Shared& shared) {
  CHANCERY_TRY(const client::Options node, client_options(shared));
  client::Client client(node);
  const client::Cursors all = client.cursors();
  if (shared.json) {
    std::cout << json_line(client::cursors_json(all)) << "\n";
    return os::kExitDone;
  }
  for (const client::CursorState& each : all.cursors) {
    std::cout << cursor_line(each.name, each.stands) << " of " << all.newest_arrival << "\n";
  }
  return os::kExitDone;
}

Result<int> run_cursor_reset(const CursorResetOptions& options, const Shared& shared) {
  CHANCERY_TRY(const client::Options node, client_options(shared));
  client::Client client(node);
  CHANCERY_TRY(const std::uint64_t arrival, arrival_of(options.to, client));
  const client::Position stands = client.reset(options.name, {arrival, arrival});
  if (shared.json) {
    std::cout << json_line({{"cursor", options.name},
                            {"arrival", stands.arrival},
                            {"arrival_urgent", stands.arrival_urgent}})
              << "\n";
  } else {
    std::cout << cursor_line(options.name, stands) << "\n";
  }
  return os::kExitDone;
}

}  // namespace chancery::cli
