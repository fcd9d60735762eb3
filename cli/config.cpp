#include "cli/config.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iostream>
#include <set>
#include <utility>
#include <vector>

#include "broker/config.h"
#include "chancery/client.h"
#include "cli/display.h"
#include "cli/lookup.h"
#include "client/src/options.h"
#include "daemon/options.h"
#include "daemon/places.h"
#include "io/os/exit_codes.h"
#include "io/text/toml.h"
#include "node/config.h"

namespace chancery::cli {
namespace {

using KeySet = std::set<std::string>;

KeySet root_keys(const std::vector<daemon::OptionRow>& rows) {
  KeySet keys;
  for (const daemon::OptionRow& row : rows) {
    keys.insert(row.table.empty() ? row.key : row.table);
  }
  return keys;
}

std::array<std::pair<std::string, KeySet>, 3> keys_of_roles() {
  return {{{"hub", root_keys(broker::option_rows())},
           {"node", root_keys(node::option_rows())},
           {"client", KeySet(client::kFileKeys.begin(), client::kFileKeys.end())}}};
}

std::string program_of(const std::string& role) {
  return role == "hub" ? "chancery-broker" : role == "node" ? "chancery-node" : "applications";
}

// A node takes a grant of a kind that it does not know, which may come with its next version: so
// it is good, and most probably not what was meant.
std::vector<std::string> doubtful_grants(const node::Config& config) {
  std::vector<std::string> doubts;
  for (const node::Application& application : config.applications) {
    const auto look = [&](const std::string& key, const std::vector<std::string>& patterns) {
      for (const std::string& pattern : patterns) {
        const Result<void> known = require_pattern(pattern);
        if (!known.has_value()) {
          doubts.push_back(key + " of the application '" + application.name +
                           "' grants nothing: " + known.error().detail);
        }
      }
    };
    look("publish", application.publish);
    look("read", application.read);
  }
  return doubts;
}

// What the program takes, and what in it is in doubt.
Result<std::vector<std::string>> read_as(const std::string& role, const std::string& text,
                                         const std::string& path) {
  if (role == "hub") {
    CHANCERY_TRY_VOID(broker::parse_config(text, path));
  } else if (role == "node") {
    CHANCERY_TRY(const node::Config config, node::parse_config(text, path));
    return doubtful_grants(config);
  } else {
    static_cast<void>(client::Options::from_file(path));  // Throws client::Error.
  }
  return std::vector<std::string>();
}

std::string change_word(daemon::Change change) {
  return change == daemon::Change::kReload ? "reload" : "restart";
}

text::Json row_json(const daemon::OptionRow& row) {
  return {{"table", row.table},
          {"key", row.key},
          {"type", row.type},
          {"needed", row.needed},
          {"default", row.otherwise.empty() ? text::Json() : text::Json(row.otherwise)},
          {"change", change_word(row.change)},
          {"meaning", row.meaning}};
}

void print_rows(const std::vector<daemon::OptionRow>& rows) {
  std::string table;
  for (const daemon::OptionRow& row : rows) {
    if (row.table != table) {
      table = row.table;
      std::cout << "\n"
                << (table == "application" ? "[[" + table + "]]" : "[" + table + "]") << "\n";
    }
    const std::string otherwise = row.needed              ? "needed"
                                  : row.otherwise.empty() ? "none"
                                                          : row.otherwise;
    std::cout << row.key << "\n  " << row.meaning << "\n  " << row.type
              << "; default: " << otherwise << "; takes force at a " << change_word(row.change)
              << "\n";
  }
}

}  // namespace

Result<std::string> role_of_config(std::string_view text, const std::string& path) {
  CHANCERY_TRY(const text::TomlTable root, text::TomlTable::parse(text, path));
  const std::vector<std::string> found = root.keys();
  std::string best;
  std::size_t most = 0;
  bool alone = false;
  for (const auto& [role, keys] : keys_of_roles()) {
    const auto known = static_cast<std::size_t>(
        std::ranges::count_if(found, [&](const std::string& key) { return keys.contains(key); }));
    if (known > most) {
      best = role;
      most = known;
      alone = true;
    } else if (known == most) {
      alone = false;
    }
  }
  if (!alone) {
    return fail(ErrorCode::kConfigInvalid,
                path +
                    ": its keys do not say whether it is for a hub, a node or an application; "
                    "--role says so");
  }
  return best;
}

Result<int> run_config_check(const ConfigCheckOptions& options, const Shared& shared) {
  CHANCERY_TRY(const std::string text, expecting("a hub.toml, node.toml or client.toml",
                                                 daemon::read_config_file(options.file)));
  std::string role = options.role;
  if (role.empty()) {
    CHANCERY_TRY(role, role_of_config(text, options.file));
  }
  CHANCERY_TRY(const std::vector<std::string> warnings, read_as(role, text, options.file));
  if (shared.json) {
    std::cout << json_line({{"file", options.file},
                            {"role", role},
                            {"good", true},
                            {"warnings", warnings}})
              << "\n";
  } else {
    for (const std::string& warning : warnings) {
      std::cerr << "warning: " << harmless(warning) << "\n";
    }
    std::cout << "good: " << harmless(options.file) << " (" << role << ".toml, for "
              << program_of(role) << ")\n";
  }
  return os::kExitDone;
}

Result<int> run_config_options(const ConfigOptionsOptions& options, const Shared& shared) {
  if (options.role != "hub" && options.role != "node") {
    return fail(ErrorCode::kUsage, not_among("role", options.role, {"hub", "node"}));
  }
  const std::vector<daemon::OptionRow> rows =
      options.role == "hub" ? broker::option_rows() : node::option_rows();
  if (!shared.json) {
    print_rows(rows);
    return os::kExitDone;
  }
  text::Json list = text::Json::array();
  for (const daemon::OptionRow& row : rows) {
    list.push_back(row_json(row));
  }
  std::cout << json_line({{"role", options.role}, {"options", std::move(list)}}) << "\n";
  return os::kExitDone;
}

}  // namespace chancery::cli
