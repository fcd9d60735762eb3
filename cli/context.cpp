#include "cli/context.h"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <set>
#include <system_error>
#include <utility>

#include "chancery/options.h"
#include "cli/change.h"
#include "cli/connection.h"
#include "cli/daemon.h"
#include "cli/display.h"
#include "cli/exchange_run.h"
#include "cli/lookup.h"
#include "cli/toml_text.h"
#include "core/exchange/names.h"
#include "io/os/exit_codes.h"
#include "io/os/file.h"
#include "io/text/json.h"
#include "io/text/toml.h"

namespace chancery::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kWhatItIs = "a context";

std::string absolute_path(const std::string& given) {
  std::error_code unknown;
  const fs::path path = fs::absolute(given, unknown).lexically_normal();
  return unknown ? given : (path.has_filename() ? path : path.parent_path()).string();
}

std::size_t count_places(const Context& context) {
  return std::size_t{!context.exchange.empty()} + std::size_t{!context.client_file.empty()} +
         std::size_t{!context.node.empty()} + std::size_t{!context.hub.empty()};
}

Result<Context> read_context(text::TomlTable& table) {
  Context context;
  CHANCERY_TRY(context.name, table.text("name"));
  if (!require_plain_name(kWhatItIs, context.name).has_value()) {
    return table.fail_at("name", "'" + context.name + "' is no name of a context");
  }
  const auto path = [&](std::string_view key, std::string& target) -> Result<void> {
    CHANCERY_TRY(target, table.text_or(key, ""));
    if (table.has(key) && !fs::path(target).is_absolute()) {
      return table.fail_at(key, "'" + target + "' is no absolute path");
    }
    return {};
  };
  CHANCERY_TRY_VOID(path("exchange", context.exchange));
  CHANCERY_TRY_VOID(path("client", context.client_file));
  CHANCERY_TRY_VOID(path("node", context.node));
  CHANCERY_TRY_VOID(path("hub", context.hub));
  CHANCERY_TRY(context.member, table.text_or("member", ""));
  if (table.has("member") &&
      (context.exchange.empty() || !exchange::is_member_code(context.member))) {
    return table.fail_at("member", "a member code, of an exchange");
  }
  if (count_places(context) != 1) {
    return table.fail_at("name", "a context has one of exchange, client, node and hub");
  }
  return context;
}

bool has_context(const Contexts& contexts, const std::string& name) {
  return std::ranges::find(contexts.all, name, &Context::name) != contexts.all.end();
}

// The file of this person, or why there is none.
Result<std::string> own_path() {
  std::string path = environment().contexts;
  if (path.empty()) {
    return fail(ErrorCode::kNotFound,
                "no place for contexts: neither XDG_CONFIG_HOME nor HOME is an absolute path");
  }
  return path;
}

// The folders down to the file's; those that are there stay as they are.
Result<void> make_folders(const fs::path& folder) {
  std::error_code ignored;
  const fs::path parent = folder.parent_path();
  if (!fs::exists(parent, ignored) && parent != folder) {
    CHANCERY_TRY_VOID(make_folders(parent));
  }
  return os::make_private_folder(folder.string());
}

// Reads, changes and writes, under the lock. What is refused, or changes nothing, makes no file.
template <class Change>
Result<Contexts> change_contexts(const std::string& path, Change change) {
  CHANCERY_TRY(const Contexts before, read_contexts(path));
  Contexts after = before;
  CHANCERY_TRY_VOID(change(after));
  if (after == before) {
    return after;
  }
  CHANCERY_TRY_VOID(make_folders(fs::path(path).parent_path()));
  CHANCERY_TRY(const os::FileLock lock, lock_for_change(path));
  CHANCERY_TRY(Contexts contexts, read_contexts(path));
  CHANCERY_TRY_VOID(change(contexts));
  CHANCERY_TRY_VOID(write_contexts(path, contexts));
  return contexts;
}

// It names something that is there, as the verbs will read it.
Result<void> require_place(const Context& context) {
  if (!context.client_file.empty()) {
    CHANCERY_TRY_VOID(client_options(Shared{.client_file = context.client_file}));
    return {};
  }
  if (!context.exchange.empty()) {
    CHANCERY_TRY(const ExchangeFile exchange, read_exchange_file(context.exchange));
    if (!context.member.empty() &&
        std::ranges::find(exchange.members, context.member) == exchange.members.end()) {
      return std::unexpected(explain_missing(context.exchange, context.member, Meant::kMember,
                                             {ErrorCode::kFileMissing, context.exchange}));
    }
    return {};
  }
  DaemonOptions daemon;
  daemon.node = context.node;
  daemon.hub = context.hub;
  CHANCERY_TRY_VOID(find_daemon(daemon, {}));
  return {};
}

text::Json or_null(const std::string& text) {
  return text.empty() ? text::Json(nullptr) : text::Json(text);
}

text::Json context_json(const Context& context, const Contexts& contexts) {
  return {{"name", context.name},
          {"selected", context.name == contexts.selected},
          {"exchange", or_null(context.exchange)},
          {"member", or_null(context.member)},
          {"client", or_null(context.client_file)},
          {"node", or_null(context.node)},
          {"hub", or_null(context.hub)}};
}

std::string context_line(const Context& context, const Contexts& contexts) {
  std::string out = context.name == contexts.selected ? "* " : "  ";
  out += harmless(context.name) + "\t";
  if (!context.exchange.empty()) {
    out += "exchange " + harmless(context.exchange);
    return out + (context.member.empty() ? "" : " as " + harmless(context.member)) + "\n";
  }
  if (!context.client_file.empty()) {
    return out + "client " + harmless(context.client_file) + "\n";
  }
  return out +
         (context.node.empty() ? "hub " + harmless(context.hub)
                               : "node " + harmless(context.node)) +
         "\n";
}

}  // namespace

std::string contexts_path(std::string_view config_home, std::string_view home) {
  constexpr const char* kFile = "chancery/contexts.toml";
  if (const fs::path base(config_home); base.is_absolute()) {
    return (base / kFile).lexically_normal().string();
  }
  const fs::path base(home);
  return base.is_absolute() ? (base / ".config" / kFile).lexically_normal().string() : "";
}

Result<Contexts> parse_contexts(std::string_view text, const std::string& path) {
  CHANCERY_TRY(text::TomlTable root, text::TomlTable::parse(text, path));
  Contexts contexts;
  CHANCERY_TRY(contexts.selected, root.text_or("selected", ""));
  CHANCERY_TRY(std::vector<text::TomlTable> tables, root.tables("context"));
  for (text::TomlTable& table : tables) {
    CHANCERY_TRY(Context context, read_context(table));
    if (has_context(contexts, context.name)) {
      return table.fail_at("name", "each context has a name of its own");
    }
    contexts.all.push_back(std::move(context));
  }
  if (contexts.all.size() > kContextsMax) {
    return fail(ErrorCode::kLimitExceeded,
                path + " has more than " + std::to_string(kContextsMax) + " contexts");
  }
  CHANCERY_TRY_VOID(root.finish());
  if (root.has("selected") && !has_context(contexts, contexts.selected)) {
    return root.fail_at("selected", "'" + contexts.selected + "' is no context of this file");
  }
  return contexts;
}

std::string contexts_text(const Contexts& contexts) {
  std::string out = "# Written by `chancery context`, which keeps no comments.\n";
  if (!contexts.selected.empty()) {
    out += toml_line("selected", contexts.selected);
  }
  for (const Context& context : contexts.all) {
    out += "\n[[context]]\n" + toml_line("name", context.name);
    const std::pair<std::string_view, const std::string&> places[] = {
        {"exchange", context.exchange},
        {"member", context.member},
        {"client", context.client_file},
        {"node", context.node},
        {"hub", context.hub}};
    for (const auto& [key, value] : places) {
      out += value.empty() ? "" : toml_line(key, value);
    }
  }
  return out;
}

Result<Contexts> read_contexts(const std::string& path) {
  const Result<std::string> text = os::read_key_file(path);
  if (!text.has_value()) {
    return text.error().code == ErrorCode::kFileMissing
               ? Contexts()
               : Result<Contexts>(std::unexpected(text.error()));
  }
  return parse_contexts(*text, path);
}

// What cannot be read back is not written.
Result<void> write_contexts(const std::string& path, const Contexts& contexts) {
  const std::string text = contexts_text(contexts);
  if (text.size() > os::kKeyFileSizeMax) {
    return fail(ErrorCode::kLimitExceeded,
                path + " would have more than " + std::to_string(os::kKeyFileSizeMax) + " bytes");
  }
  CHANCERY_TRY(const Contexts again, parse_contexts(text, path));
  if (again != contexts) {
    return fail(ErrorCode::kConfigInvalid, path + " cannot hold a name or a path that was given");
  }
  return os::replace_file(path, text, 0600);
}

Result<Context> find_context(const Contexts& contexts, const std::string& name) {
  const auto found = std::ranges::find(contexts.all, name, &Context::name);
  if (found != contexts.all.end()) {
    return *found;
  }
  std::set<std::string> names;
  for (const Context& context : contexts.all) {
    names.insert(context.name);
  }
  return fail(ErrorCode::kNotFound, not_among("context", name, names));
}

Result<int> run_context_add(const ContextAddOptions& options, const Shared& shared) {
  CHANCERY_TRY_VOID(require_plain_name(kWhatItIs, options.context.name));
  Context context = options.context;
  if (count_places(context) != 1) {
    return fail(ErrorCode::kUsage,
                "what does it name? --exchange DIR, --client FILE, --node FILE or --hub FILE");
  }
  for (std::string* const path :
       {&context.exchange, &context.client_file, &context.node, &context.hub}) {
    *path = path->empty() ? "" : absolute_path(*path);
  }
  CHANCERY_TRY_VOID(require_place(context));
  CHANCERY_TRY(const std::string path, own_path());
  const auto add = [&](Contexts& contexts) -> Result<void> {
    if (has_context(contexts, context.name)) {
      return fail(ErrorCode::kExists, path + " has a context '" + context.name +
                                          "': remove it first, or choose another name");
    }
    contexts.all.push_back(context);
    contexts.selected = options.select ? context.name : contexts.selected;
    return {};
  };
  CHANCERY_TRY(const Contexts contexts, change_contexts(path, add));
  if (shared.json) {
    text::Json json = context_json(context, contexts);
    json["file"] = path;
    std::cout << json_line(json) << "\n";
  } else {
    std::cout << context_line(context, contexts);
  }
  return os::kExitDone;
}

Result<int> run_context_list(const Shared& shared) {
  CHANCERY_TRY(const std::string path, own_path());
  CHANCERY_TRY(const Contexts contexts, read_contexts(path));
  if (shared.json) {
    text::Json list = text::Json::array();
    for (const Context& context : contexts.all) {
      list.push_back(context_json(context, contexts));
    }
    std::cout << json_line(
                     {{"file", path}, {"selected", or_null(contexts.selected)}, {"contexts", list}})
              << "\n";
    return os::kExitDone;
  }
  for (const Context& context : contexts.all) {
    std::cout << context_line(context, contexts);
  }
  return os::kExitDone;
}

Result<int> run_context_select(const ContextNameOptions& options, const Shared& shared) {
  if (options.none == !options.name.empty()) {
    return fail(ErrorCode::kUsage, "which context? give its NAME, or --none");
  }
  CHANCERY_TRY(const std::string path, own_path());
  const auto select = [&](Contexts& contexts) -> Result<void> {
    if (!options.none) {
      CHANCERY_TRY_VOID(find_context(contexts, options.name));
    }
    contexts.selected = options.name;
    return {};
  };
  CHANCERY_TRY(const Contexts contexts, change_contexts(path, select));
  if (shared.json) {
    std::cout << json_line({{"file", path}, {"selected", or_null(contexts.selected)}}) << "\n";
  } else {
    std::cout << (options.none ? "no context is selected"
                               : "selected " + harmless(contexts.selected))
              << "\n";
  }
  return os::kExitDone;
}

Result<int> run_context_remove(const ContextNameOptions& options, const Shared& shared) {
  CHANCERY_TRY(const std::string path, own_path());
  bool was_selected = false;
  const auto remove = [&](Contexts& contexts) -> Result<void> {
    CHANCERY_TRY_VOID(find_context(contexts, options.name));
    std::erase_if(contexts.all, [&](const Context& each) { return each.name == options.name; });
    was_selected = contexts.selected == options.name;
    contexts.selected = was_selected ? "" : contexts.selected;
    return {};
  };
  CHANCERY_TRY(const Contexts contexts, change_contexts(path, remove));
  if (shared.json) {
    std::cout << json_line({{"file", path},
                            {"removed", options.name},
                            {"selected", or_null(contexts.selected)}})
              << "\n";
  } else {
    std::cout << "removed " << harmless(options.name)
              << (was_selected ? "; no context is selected any more" : "") << "\n";
  }
  return os::kExitDone;
}

}  // namespace chancery::cli
