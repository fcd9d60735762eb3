#include "client/src/options.h"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <utility>

#include "core/base/bytes.h"
#include "core/base/encoding.h"
#include "core/crypto/keys.h"
#include "core/crypto/secret.h"
#include "io/os/file.h"
#include "io/text/toml.h"
#include "io/zmq/endpoint.h"

namespace chancery::client {
namespace {

constexpr std::size_t kFileBytesMax = 64U << 10U;
constexpr std::uint64_t kTimeoutMsMax = 3'600'000;
constexpr std::uint64_t kRequestCountMax = 65'536;

std::string beside(const std::string& file, const std::string& path) {
  const auto folder = std::filesystem::absolute(file).parent_path();
  return (folder / path).lexically_normal().string();
}

Result<std::string> endpoint_of(const std::string& file, const std::string& node,
                                const text::TomlTable& table) {
  std::string endpoint =
      node.starts_with(zmq::kTcpPrefix) ? node : std::string(zmq::kIpcPrefix) + beside(file, node);
  const Result<void> checked = zmq::check_endpoint(endpoint, zmq::EndpointUse::kConnect);
  if (!checked.has_value()) {
    return table.fail_at("node", checked.error().detail);
  }
  return endpoint;
}

Result<void> read_key(const std::string& path, Key& secret) {
  CHANCERY_TRY(std::string pem, os::read_secret(path));
  const crypto::WipeAtEnd wipe_pem(pem);
  auto key = crypto::PrivateKey::from_pem(pem);
  if (!key.has_value()) {
    return fail(key.error().code, path + ": " + key.error().detail);
  }
  if (key->public_key().algorithm() != crypto::Algorithm::kX25519) {
    return fail(ErrorCode::kConfigInvalid, path + " is not an X25519 key");
  }
  std::string raw = key->raw();
  const crypto::WipeAtEnd wipe_raw(raw);
  std::ranges::copy(as_bytes(raw), secret.begin());
  return {};
}

// How an option reads as text, and what it takes.
struct OptionText {
  std::function<std::string(const Options&)> get;
  std::function<bool(Options&, std::string_view)> set;
};

OptionText plain(std::string Options::* member) {
  return {.get = [=](const Options& options) { return options.*member; },
          .set =
              [=](Options& options, std::string_view value) {
                options.*member = value;
                return true;
              }};
}

OptionText key(Key Options::* member) {
  return {.get = [=](const Options& options) { return hex(options.*member); },
          .set =
              [=](Options& options, std::string_view value) {
                auto bytes = hash_from_hex(value);
                if (!bytes.has_value()) {
                  return false;
                }
                options.*member = *bytes;
                crypto::wipe(*bytes);
                return true;
              }};
}

OptionText patience(std::chrono::milliseconds Options::* member) {
  return {.get = [=](const Options& options) { return std::to_string((options.*member).count()); },
          .set =
              [=](Options& options, std::string_view value) {
                const auto ms = from_decimal(value);
                const bool fits = ms.has_value() && *ms >= 1 && *ms <= kTimeoutMsMax;
                options.*member = fits ? std::chrono::milliseconds(*ms) : options.*member;
                return fits;
              }};
}

OptionText requests() {
  return {.get = [](const Options& options) { return std::to_string(options.request_count_max); },
          .set =
              [](Options& options, std::string_view value) {
                const auto count = from_decimal(value);
                const bool fits = count.has_value() && *count >= 1 && *count <= kRequestCountMax;
                options.request_count_max = fits ? *count : options.request_count_max;
                return fits;
              }};
}

const std::map<std::string, OptionText, std::less<>>& option_texts() {
  static const std::map<std::string, OptionText, std::less<>> all = {
      {"connect_timeout_ms", patience(&Options::connect_timeout)},
      {"genesis", plain(&Options::genesis)},
      {"key", key(&Options::key)},
      {"member", plain(&Options::member)},
      {"node", plain(&Options::node)},
      {"node_key", key(&Options::node_key)},
      {"request_count_max", requests()},
      {"request_timeout_ms", patience(&Options::request_timeout)},
  };
  return all;
}

Result<const OptionText*> option_text(std::string_view name) {
  const auto found = option_texts().find(name);
  if (found != option_texts().end()) {
    return &found->second;
  }
  std::string names;
  for (const auto& [known, text] : option_texts()) {
    names += (names.empty() ? "" : ", ") + known;
  }
  return fail(ErrorCode::kConfigUnknownKey,
              "'" + std::string(name) + "' is not an option of a client; those are " + names);
}

}  // namespace

Result<OptionsFile> parse_options(std::string_view text, const std::string& path) {
  CHANCERY_TRY(text::TomlTable table, text::TomlTable::parse(text, path));
  CHANCERY_TRY_VOID(table.only({kFileKeys.begin(), kFileKeys.end()}));
  CHANCERY_TRY(const std::string node, table.text("node"));
  CHANCERY_TRY(const std::string node_key, table.text("node_key"));
  CHANCERY_TRY(const std::string key_path, table.text("key"));
  Options options;
  CHANCERY_TRY(options.member, table.text("member"));
  CHANCERY_TRY(options.genesis, table.text("genesis"));
  CHANCERY_TRY(const std::uint64_t connect_ms,
               table.count_or("connect_timeout_ms",
                              static_cast<std::uint64_t>(options.connect_timeout.count()),
                              {.min = 1, .max = kTimeoutMsMax}));
  CHANCERY_TRY(const std::uint64_t request_ms,
               table.count_or("request_timeout_ms",
                              static_cast<std::uint64_t>(options.request_timeout.count()),
                              {.min = 1, .max = kTimeoutMsMax}));
  options.connect_timeout = std::chrono::milliseconds(static_cast<std::int64_t>(connect_ms));
  options.request_timeout = std::chrono::milliseconds(static_cast<std::int64_t>(request_ms));
  const auto node_key_bytes = hash_from_hex(node_key);
  if (!node_key_bytes.has_value()) {
    return table.fail_at("node_key", "not 64 hexadecimal digits in lower case");
  }
  options.node_key = *node_key_bytes;
  if (!hash_from_hex(options.genesis).has_value()) {
    return table.fail_at("genesis", "not 64 hexadecimal digits in lower case");
  }
  CHANCERY_TRY(options.node, endpoint_of(path, node, table));
  if (const auto usable = os::check_secret_source(key_path); !usable.has_value()) {
    return table.fail_at("key", usable.error().detail);
  }
  return OptionsFile{.options = std::move(options),
                     .key_path = os::is_elsewhere(key_path) ? key_path : beside(path, key_path)};
}

Result<Options> read_options(const std::string& path) {
  CHANCERY_TRY(const std::string bytes, os::read_file(path, kFileBytesMax));
  CHANCERY_TRY(OptionsFile file, parse_options(bytes, path));
  CHANCERY_TRY_VOID(read_key(file.key_path, file.options.key));
  return std::move(file.options);
}

Result<void> set_option(Options& options, std::string_view name, std::string_view value) {
  CHANCERY_TRY(const OptionText* const text, option_text(name));
  if (!text->set(options, value)) {
    return fail(ErrorCode::kConfigInvalid,
                "a value of '" + std::string(name) + "' that cannot be");  // It may be a secret.
  }
  return {};
}

Result<std::string> get_option(const Options& options, std::string_view name) {
  CHANCERY_TRY(const OptionText* const text, option_text(name));
  return text->get(options);
}

}  // namespace chancery::client
