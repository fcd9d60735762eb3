#include "cli/app.h"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <set>
#include <system_error>
#include <utility>

#include "cli/ceremony.h"
#include "cli/change.h"
#include "cli/connection.h"
#include "cli/daemon.h"
#include "cli/display.h"
#include "cli/lookup.h"
#include "cli/report.h"
#include "cli/toml_text.h"
#include "core/base/encoding.h"
#include "core/crypto/secret.h"
#include "daemon/keys.h"
#include "daemon/places.h"
#include "io/os/clock.h"
#include "io/os/exit_codes.h"
#include "io/os/file.h"
#include "io/os/random.h"
#include "io/text/json.h"
#include "io/zmq/endpoint.h"

namespace chancery::cli {
namespace {

namespace files = std::filesystem;

constexpr std::string_view kTable = "application";
constexpr std::size_t kKeyDigitsShown = 16;

// What the edit was meant to come to, compared with what it came to.
Result<void> require_config(std::string_view text, const std::string& path,
                            const node::Config& wanted) {
  const Result<node::Config> config = node::parse_config(text, path);
  if (!config.has_value() || *config != wanted) {
    return fail(ErrorCode::kConfigInvalid,
                path + " cannot be changed as a text" +
                    (config.has_value() ? "" : " (" + config.error().detail + ")") +
                    ": its applications are to be [[application]] tables");
  }
  return {};
}

struct NodeFile {
  std::string path;
  std::string text;
  node::Config config;
};

Result<NodeFile> read_node_file(const DaemonFile& file) {
  CHANCERY_TRY(node::Config config, read_node(file));
  CHANCERY_TRY(std::string text, daemon::read_config_file(file.path));
  return NodeFile{.path = file.path, .text = std::move(text), .config = std::move(config)};
}

Result<DaemonFile> node_file_of(const std::string& node, const Shared& shared) {
  DaemonOptions named;
  named.name = shared.member;
  named.node = node;
  named.flags = "--exchange DIR and --as CODE, --node FILE, or --context NAME";
  CHANCERY_TRY(DaemonFile file, find_daemon_file(named, shared, environment()));
  if (file.is_hub) {
    return fail(ErrorCode::kUsage, "a hub has no applications: name a node");
  }
  std::error_code unknown;
  const files::path absolute = files::absolute(file.path, unknown);
  if (!unknown) {
    file.path = absolute.lexically_normal().string();
  }
  return file;
}

// Where the application's files go, and what of that was made here.
class ApplicationFolder {
 public:
  // The folder `apps` beside the node.toml is made where it is needed.
  static Result<ApplicationFolder> make(const std::string& config_path, const std::string& name,
                                        const std::string& given) {
    ApplicationFolder folder;
    std::error_code error;
    if (given.empty()) {
      const files::path apps = files::path(config_path).parent_path() / "apps";
      CHANCERY_TRY_VOID(folder.take(apps.string()));
      CHANCERY_TRY_VOID(folder.take((apps / name).string()));
      return folder;
    }
    const files::path absolute = files::absolute(given, error).lexically_normal();
    // "apps/x/" names the folder x.
    CHANCERY_TRY_VOID(
        folder.take((absolute.has_filename() ? absolute : absolute.parent_path()).string()));
    return folder;
  }

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

  Result<void> write(const std::string& name, std::string_view bytes) {
    Result<void> written = os::write_file_new(file(name), bytes, 0600);
    if (!written.has_value() && written.error().code == ErrorCode::kExists) {
      return fail(ErrorCode::kExists,
                  file(name) +
                      " is there, of an application of before: move it away, or give "
                      "another --folder");
    }
    if (written.has_value()) {
      made_.push_back(file(name));
    }
    return written;
  }

  void undo() {
    std::error_code ignored;
    for (auto made = made_.rbegin(); made != made_.rend(); ++made) {
      files::remove(*made, ignored);  // A folder that something else is in by now stays.
    }
    made_.clear();
  }

 private:
  Result<void> take(const std::string& path) {
    std::error_code ignored;
    const bool is_new = files::symlink_status(path, ignored).type() == files::file_type::not_found;
    Result<void> made = os::make_private_folder(path);
    if (!made.has_value()) {
      undo();
      return made;
    }
    if (is_new) {
      made_.push_back(path);
    }
    path_ = path;
    return {};
  }

  std::string path_;
  std::vector<std::string> made_;
};

// The node's `local`, as a client.toml in this folder names it.
Result<std::string> node_for_clients(const node::Config& config, const std::string& config_path,
                                     const std::string& folder) {
  if (config.local.starts_with(zmq::kTcpPrefix)) {
    std::string endpoint = config.local;
    constexpr std::string_view kAny = "tcp://*:";
    if (endpoint.starts_with(kAny)) {
      endpoint.replace(0, kAny.size(), "tcp://127.0.0.1:");
    }
    const Result<void> usable = zmq::check_endpoint(endpoint, zmq::EndpointUse::kConnect);
    if (!usable.has_value()) {
      return fail(ErrorCode::kConfigInvalid,
                  config_path + ": local = " + config.local +
                      " is nothing that a client.toml can name: " + usable.error().detail);
    }
    return endpoint;
  }
  // What lies in the node's own folder may move with it.
  const files::path socket = config.local.substr(zmq::kIpcPrefix.size());
  const files::path root = files::path(config_path).parent_path();
  const auto is_inside = [&](const files::path& path) {
    return !path.lexically_relative(root).string().starts_with("..");
  };
  return is_inside(folder) && is_inside(socket) ? socket.lexically_relative(folder).string()
                                                : socket.string();
}

Result<void> require_grants(const AppAddOptions& options) {
  CHANCERY_TRY_VOID(require_plain_name("an application", options.name));
  if (options.publish.empty() && options.read.empty()) {
    return fail(ErrorCode::kUsage,
                "what may it do? give --publish KINDS or --read KINDS, or both; '*' is all");
  }
  for (const std::vector<std::string>* const patterns : {&options.publish, &options.read}) {
    for (const std::string& pattern : *patterns) {
      CHANCERY_TRY_VOID(require_pattern(pattern));
    }
  }
  return {};
}

// What came of asking the node to read its file again.
struct ReloadOutcome {
  bool in_force = false;
  std::vector<std::string> need_restart{};
  std::optional<Error> error{};
};

bool is_same_file(const std::string& a, const std::string& b) {
  std::error_code unknown;
  const bool same = files::equivalent(a, b, unknown);
  return unknown ? a == b : same;
}

ReloadOutcome reload(const NodeFile& file, bool wanted) {
  if (!wanted) {
    return {};
  }
  const Result<v1::ReloadReply> reply = ask_reload(file.config.admin);
  if (!reply.has_value()) {
    return {.error = Error{reply.error().code, file.path + " is changed, and the node did not " +
                                                   "take it over: " + reply.error().detail}};
  }
  if (!is_same_file(reply->config(), file.path)) {
    return {.error = Error{ErrorCode::kConfigInvalid,
                           file.path + " is changed, and the node that answers at " +
                               file.config.admin + " reads " + reply->config()}};
  }
  return {.in_force = true,
          .need_restart = {reply->need_restart().begin(), reply->need_restart().end()}};
}

std::string joined_or_nothing(const std::vector<std::string>& patterns) {
  std::string out;
  for (const std::string& pattern : patterns) {
    out += (out.empty() ? "" : ", ") + pattern;
  }
  return out.empty() ? "nothing" : out;
}

int tell_outcome(text::Json json, const std::string& text, const ReloadOutcome& outcome,
                 const Shared& shared) {
  if (shared.json) {
    json["in_force"] = outcome.in_force;
    json["need_restart"] = outcome.need_restart;
    std::cout << json_line(json) << "\n";
  } else {
    std::cout << text
              << (outcome.in_force ? "in force: the running node took it over\n"
                                   : "not in force yet: in the file, for the next start or reload "
                                     "(SIGHUP) of the node\n");
    for (const std::string& key : outcome.need_restart) {
      std::cout << "needs a restart: " << harmless(key) << "\n";
    }
  }
  if (outcome.error.has_value()) {
    std::cout.flush();
    return report(*outcome.error, shared.json);
  }
  return os::kExitDone;
}

struct Enrolled {
  node::Application application;
  std::string folder;
};

// Of the file where it can be read; where a supervisor gives it to the daemon alone, of the running
// node.
Result<std::string> public_local_key(const NodeFile& file) {
  CHANCERY_TRY(const std::optional<crypto::PrivateKey> key,
               daemon::read_private_key_if(file.config.local_key, crypto::Algorithm::kX25519,
                                           /*needed=*/false));
  if (key.has_value()) {
    return hex(key->public_key().raw());
  }
  DaemonTarget running;
  running.name = file.config.member;
  running.admin = file.config.admin;
  const Result<std::string> status = ask_status(running);
  if (!status.has_value()) {
    return fail(status.error().code,
                "local_key = " + file.config.local_key +
                    " is the daemon's alone, and it does not answer: " + status.error().detail);
  }
  CHANCERY_TRY(const text::Json json, text::parse_json(*status, kStatusDepthMax));
  if (!json.contains("local") || !json.at("local").contains("key")) {
    return fail(ErrorCode::kUnknownVersion,
                "what answers at " + file.config.admin + " is no node of this version");
  }
  return json.at("local").at("key").get<std::string>();
}

// All or nothing: what was written goes again where the table cannot be added.
Result<Enrolled> enrol(const AppAddOptions& options, const NodeFile& file) {
  CHANCERY_TRY(const std::string node_key, public_local_key(file));
  Ceremony ceremony(os::random_bytes, os::unix_us());
  CHANCERY_TRY(const crypto::PrivateKey key, ceremony.make_key(crypto::Algorithm::kX25519));
  node::Application application{
      .name = options.name, .key = {}, .publish = options.publish, .read = options.read};
  CHANCERY_TRY(application.key, hash_from_hex(hex(key.public_key().raw())));
  application.rate.per_second = options.rate.value_or(node::kApplicationRate);
  application.rate.burst = 2 * application.rate.per_second;
  CHANCERY_TRY(const std::string text, with_application(file.text, file.path, application));

  CHANCERY_TRY(ApplicationFolder folder,
               ApplicationFolder::make(file.path, options.name, options.folder));
  const auto write = [&]() -> Result<void> {
    CHANCERY_TRY(const std::string node, node_for_clients(file.config, file.path, folder.path()));
    std::string pem = key.to_pem();
    const crypto::WipeAtEnd wiped(pem);
    CHANCERY_TRY_VOID(folder.write("key.pem", pem));
    CHANCERY_TRY_VOID(folder.write(
        "client.toml", client_toml(options.name, {.node = node,
                                                  .node_key = node_key,
                                                  .member = file.config.member,
                                                  .genesis = hex(file.config.genesis)})));
    return os::rewrite_file(file.path, text);
  };
  if (const Result<void> written = write(); !written.has_value()) {
    // Where only the folder was not synced, the node may see the table already.
    const Result<std::string> now = daemon::read_config_file(file.path);
    if (!now.has_value() || *now != text) {
      folder.undo();
    }
    return std::unexpected(written.error());
  }
  return Enrolled{.application = std::move(application), .folder = folder.path()};
}

}  // namespace

text::Json application_json(const node::Application& application) {
  return {{"name", application.name},
          {"key", hex(application.key)},
          {"publish", application.publish},
          {"read", application.read},
          {"rate", application.rate.per_second}};
}

std::string application_table(const node::Application& application) {
  return "[[" + std::string(kTable) + "]]\n" + toml_line("name", application.name) +
         toml_line("key", hex(application.key)) + "publish = " + toml_list(application.publish) +
         "\nread = " + toml_list(application.read) + "\n" +
         (application.rate == node::Application().rate
              ? ""
              : "rate = " + std::to_string(application.rate.per_second) + "\n");
}

std::string client_toml(std::string_view application, const ClientFileContent& content) {
  return "# The application \"" + std::string(application) + "\" of " + content.member + ".\n" +
         toml_line("node", content.node) + toml_line("node_key", content.node_key) +
         toml_line("key", "key.pem") + toml_line("member", content.member) +
         toml_line("genesis", content.genesis);
}

Result<std::string> with_application(std::string_view text, const std::string& path,
                                     const node::Application& application) {
  CHANCERY_TRY(node::Config config, node::parse_config(text, path));
  if (std::ranges::find(config.applications, application.name, &node::Application::name) !=
      config.applications.end()) {
    return fail(ErrorCode::kExists,
                path + " has an application '" + application.name + "': choose another name");
  }
  config.applications.push_back(application);
  std::string changed = with_table(text, application_table(application));
  if (changed.size() > daemon::kConfigBytesMax) {
    return fail(ErrorCode::kLimitExceeded, path + " would have more than " +
                                               std::to_string(daemon::kConfigBytesMax) + " bytes");
  }
  CHANCERY_TRY_VOID(require_config(changed, path, config));
  return changed;
}

Result<std::string> without_application(std::string_view text, const std::string& path,
                                        const std::string& name) {
  CHANCERY_TRY(node::Config config, node::parse_config(text, path));
  const auto found = std::ranges::find(config.applications, name, &node::Application::name);
  if (found == config.applications.end()) {
    std::set<std::string> names;
    for (const node::Application& application : config.applications) {
      names.insert(application.name);
    }
    return fail(ErrorCode::kNotFound, not_among("application", name, names));
  }
  Result<std::string> changed =
      without_table(text, kTable, static_cast<std::size_t>(found - config.applications.begin()));
  config.applications.erase(found);
  CHANCERY_TRY_VOID(require_config(changed.value_or(std::string(text)), path, config));
  return changed;
}

Result<int> run_app_add(const AppAddOptions& options, const Shared& shared) {
  CHANCERY_TRY_VOID(require_grants(options));
  CHANCERY_TRY(const DaemonFile where, node_file_of(options.node, shared));
  CHANCERY_TRY_VOID(read_node(where));  // Before a lock is left where no node.toml is.
  CHANCERY_TRY(const os::FileLock lock, lock_for_change(where.path));
  CHANCERY_TRY(const NodeFile file, read_node_file(where));
  CHANCERY_TRY(const Enrolled enrolled, enrol(options, file));
  const node::Application& application = enrolled.application;
  text::Json json = application_json(application);
  json["member"] = file.config.member;
  json["config"] = file.path;
  json["client"] = enrolled.folder + "/client.toml";
  json["secret"] = enrolled.folder + "/key.pem";
  const std::string text =
      "enrolled " + harmless(application.name) + " at the node of " + harmless(file.config.member) +
      "\n  key         " + hex(application.key) + "\n  publish     " +
      harmless(joined_or_nothing(application.publish)) + "\n  read        " +
      harmless(joined_or_nothing(application.read)) + "\n  rate        " +
      std::to_string(application.rate.per_second) + " notices a second\n  client      " +
      harmless(enrolled.folder) + "/client.toml\n  secret      " + harmless(enrolled.folder) +
      "/key.pem\n";
  return tell_outcome(std::move(json), text, reload(file, !options.no_reload), shared);
}

Result<int> run_app_list(const AppListOptions& options, const Shared& shared) {
  CHANCERY_TRY(const DaemonFile where, node_file_of(options.node, shared));
  CHANCERY_TRY(const node::Config config, read_node(where));
  if (shared.json) {
    text::Json list = text::Json::array();
    for (const node::Application& application : config.applications) {
      list.push_back(application_json(application));
    }
    std::cout << json_line(
                     {{"member", config.member}, {"config", where.path}, {"applications", list}})
              << "\n";
    return os::kExitDone;
  }
  for (const node::Application& application : config.applications) {
    std::cout << harmless(application.name) << "\t"
              << hex(application.key).substr(0, kKeyDigitsShown) << "\tpublish "
              << harmless(joined_or_nothing(application.publish)) << "\tread "
              << harmless(joined_or_nothing(application.read)) << "\trate "
              << application.rate.per_second << "\n";
  }
  return os::kExitDone;
}

Result<int> run_app_revoke(const AppRevokeOptions& options, const Shared& shared) {
  CHANCERY_TRY(const DaemonFile where, node_file_of(options.node, shared));
  CHANCERY_TRY_VOID(read_node(where));
  CHANCERY_TRY(const os::FileLock lock, lock_for_change(where.path));
  CHANCERY_TRY(const NodeFile file, read_node_file(where));
  CHANCERY_TRY(const std::string changed, without_application(file.text, file.path, options.name));
  CHANCERY_TRY_VOID(os::rewrite_file(file.path, changed));
  const auto gone =
      std::ranges::find(file.config.applications, options.name, &node::Application::name);
  text::Json json = application_json(*gone);
  json["member"] = file.config.member;
  json["config"] = file.path;
  const std::string text = "revoked " + harmless(gone->name) + " at the node of " +
                           harmless(file.config.member) + "\n  key         " + hex(gone->key) +
                           "\n";
  return tell_outcome(std::move(json), text, reload(file, !options.no_reload), shared);
}

}  // namespace chancery::cli
