// `chancery app add | list | revoke`: the applications of a node, in its node.toml.
//
// The file is changed as a text, whatever else is in it stays; what comes of it is read as the node
// reads it, and written only where it says what was asked and nothing else. Then the running node
// is asked to read it again. One command at a time changes a file: the lock lies beside it.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/shared.h"
#include "core/base/result.h"
#include "io/text/json.h"
#include "node/config.h"
#include "node/engine/application.h"

namespace chancery::cli {

// As `app list` and the bundle of `doctor` show it.
[[nodiscard]] text::Json application_json(const node::Application& application);

// The [[application]] table of a node.toml.
[[nodiscard]] std::string application_table(const node::Application& application);

struct ClientFileContent {
  std::string node;      // As the client.toml says it: a path or tcp://…
  std::string node_key;  // 64 digits.
  std::string member;
  std::string genesis;  // 64 digits.
};
// The client.toml of an application whose key is key.pem beside it.
[[nodiscard]] std::string client_toml(std::string_view application,
                                      const ClientFileContent& content);

// The text of a node.toml with one application more. kExists where its name is taken;
// kConfigInvalid where the text is none that a table can be added to.
[[nodiscard]] Result<std::string> with_application(std::string_view text, const std::string& path,
                                                   const node::Application& application);
// With one less. kNotFound, naming those that there are.
[[nodiscard]] Result<std::string> without_application(std::string_view text,
                                                      const std::string& path,
                                                      const std::string& name);

struct AppAddOptions {
  std::string name{};
  std::vector<std::string> publish{};  // Patterns of kinds.
  std::vector<std::string> read{};
  std::optional<std::uint64_t> rate{};
  std::string folder{};  // For key.pem and client.toml; empty: apps/NAME beside the node.toml.
  std::string node{};    // node.toml; empty: of Shared::exchange and Shared::member.
  bool no_reload = false;
};

struct AppListOptions {
  std::string node{};
};

struct AppRevokeOptions {
  std::string name{};
  std::string node{};
  bool no_reload = false;
};

// 0 where it is in the file, and in force or not to be reloaded; 2 where it is in the file and no
// node answered; 1 where it was refused, or the node did not take the file.
[[nodiscard]] Result<int> run_app_add(const AppAddOptions& options, const Shared& shared);
[[nodiscard]] Result<int> run_app_list(const AppListOptions& options, const Shared& shared);
[[nodiscard]] Result<int> run_app_revoke(const AppRevokeOptions& options, const Shared& shared);

}  // namespace chancery::cli
