// Contexts: names that a person gives to nodes and hubs once, instead of flags on every call.
//
// They are in $XDG_CONFIG_HOME/chancery/contexts.toml, or in ~/.config/chancery: a file of mode
// 0600 in a folder of mode 0700, since whoever can write it chooses which node is spoken to. Only
// the command writes it; it is read strictly. No secret is in it. One thread.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "cli/shared.h"
#include "core/base/result.h"

namespace chancery::cli {

inline constexpr std::size_t kContextsMax = 256;

// One of: an exchange, and a member of it or nobody in particular; a client.toml; a node.toml; a
// hub.toml. Paths are absolute.
struct Context {
  std::string name{};
  std::string exchange{};
  std::string member{};
  std::string client_file{};
  std::string node{};
  std::string hub{};

  bool operator==(const Context&) const = default;
};

struct Contexts {
  std::string selected{};  // Empty where none is.
  std::vector<Context> all{};

  bool operator==(const Contexts&) const = default;
};

// Of XDG_CONFIG_HOME and HOME; empty where neither is an absolute path.
[[nodiscard]] std::string contexts_path(std::string_view config_home, std::string_view home);

// kConfigInvalid, kConfigUnknownKey, kConfigWrongType: each names file and line.
[[nodiscard]] Result<Contexts> parse_contexts(std::string_view text, const std::string& path);
[[nodiscard]] std::string contexts_text(const Contexts& contexts);

// None where the file is not there; kFilePermissions where others have a right to it.
[[nodiscard]] Result<Contexts> read_contexts(const std::string& path);
[[nodiscard]] Result<void> write_contexts(const std::string& path, const Contexts& contexts);

// kNotFound, with the nearest or all there are.
[[nodiscard]] Result<Context> find_context(const Contexts& contexts, const std::string& name);

struct ContextAddOptions {
  Context context{};  // Its paths as they were given.
  bool select = false;
};
struct ContextNameOptions {
  std::string name{};
  bool none = false;  // Of `select`: from now on no context.
};

[[nodiscard]] Result<int> run_context_add(const ContextAddOptions& options, const Shared& shared);
[[nodiscard]] Result<int> run_context_list(const Shared& shared);
[[nodiscard]] Result<int> run_context_select(const ContextNameOptions& options,
                                             const Shared& shared);
[[nodiscard]] Result<int> run_context_remove(const ContextNameOptions& options,
                                             const Shared& shared);

}  // namespace chancery::cli
