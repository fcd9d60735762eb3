#include "cli/status.h"

#include <iostream>

#include "cli/display.h"
#include "cli/report.h"
#include "io/os/exit_codes.h"
#include "io/text/json.h"

namespace chancery::cli {
namespace {

// "log.size   27": nested objects by dotted names, lists of objects a line each.
void print(const text::Json& json, const std::string& prefix) {
  for (const auto& [key, value] : json.items()) {
    std::string name = prefix;
    name += prefix.empty() ? "" : ".";
    name += harmless(key);  // Some are names that somebody gave.
    if (value.is_object()) {
      print(value, name);
      continue;
    }
    if (value.is_array() && !value.empty() && value.front().is_object()) {
      std::cout << name << "\n";
      for (const text::Json& item : value) {
        std::cout << " ";
        for (const auto& [item_key, item_value] : item.items()) {
          std::cout << " " << harmless(item_key) << "="
                    << harmless(item_value.is_string() ? item_value.get<std::string>()
                                                       : text::dump(item_value));
        }
        std::cout << "\n";
      }
      continue;
    }
    std::string shown = name;
    shown.resize(std::max<std::size_t>(shown.size() + 1, 24), ' ');
    std::cout << shown << harmless(value.is_string() ? value.get<std::string>() : text::dump(value))
              << "\n";
  }
}

// It goes on by itself, and will not get better by itself.
bool wants_somebody(const text::Json& status, std::uint64_t unshown_known) {
  if (status.at("disk").at("level") != "ample" || status.at("quarantine").at("count") != 0) {
    return true;
  }
  const bool is_node = status.contains("hub");
  return is_node &&
         (status.at("hub").at("link") != "up" || !status.at("hub").at("damaged").empty() ||
          status.at("outbox").at("aside") != 0 || status.at("witness").at("fault") != "" ||
          !status.at("disputes").empty() || !status.at("overdue").empty() ||
          unshown_count(status) > unshown_known);
}

}  // namespace

std::uint64_t unshown_count(const text::Json& status) {
  const text::Json& inbox = status.at("inbox");
  return inbox.at("void").get<std::uint64_t>() + inbox.at("unopenable").get<std::uint64_t>();
}

Result<int> run_status(const StatusOptions& options, const Shared& shared) {
  CHANCERY_TRY(const DaemonTarget target, find_daemon(options.daemon, shared));
  const Result<std::string> status = ask_status(target);
  if (!status.has_value()) {
    // Nobody said how it is: that is no verdict on it.
    report(status.error(), shared.json);
    return os::kExitUnknown;
  }
  CHANCERY_TRY(const text::Json json, text::parse_json(*status, kStatusDepthMax));
  if (shared.json) {
    std::cout << json_line(json) << "\n";
  } else {
    print(json, "");
  }
  const bool alarm = json.contains("alarm") && !json.at("alarm").is_null();
  return alarm || (options.check && wants_somebody(json, options.unshown_known)) ? os::kExitFalse
                                                                                 : os::kExitDone;
}

}  // namespace chancery::cli
