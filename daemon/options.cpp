#include "daemon/options.h"

#include <optional>

#include "core/base/encoding.h"
#include "io/os/file.h"

namespace chancery::daemon {
namespace {

Result<std::string> path_of(const OptionSource& from, std::string_view key,
                            const std::string& name) {
  if (name.empty()) {
    return from.table.fail_at(key, "a path is not empty");  // It would be the folder itself.
  }
  return from.absolute(name);
}

Result<std::string> usable(const OptionSource& from, std::string_view key, std::string path) {
  const Result<void> checked = zmq::check_endpoint("ipc://" + path, zmq::EndpointUse::kListen);
  if (!checked.has_value()) {
    return from.table.fail_at(key, checked.error().detail);
  }
  return path;
}

}  // namespace

std::string OptionSource::absolute(std::string_view path) const {
  return (folder / path).lexically_normal().string();
}

Result<std::string> ReadText::operator()(const OptionSource& from, std::string_view key,
                                         const std::string& /*now*/) const {
  return from.table.text(key);
}

Result<Hash> ReadHex32::operator()(const OptionSource& from, std::string_view key,
                                   const Hash& /*now*/) const {
  CHANCERY_TRY(const std::string digits, from.table.text(key));
  const Result<Hash> parsed = hash_from_hex(digits);
  if (!parsed.has_value()) {
    return from.table.fail_at(key, "64 hexadecimal digits");
  }
  return *parsed;
}

Result<std::string> ReadPath::operator()(const OptionSource& from, std::string_view key,
                                         const std::string& /*now*/) const {
  CHANCERY_TRY(const std::string name, from.table.text(key));
  return path_of(from, key, name);
}

Result<std::string> ReadPathIf::operator()(const OptionSource& from, std::string_view key,
                                           const std::string& now) const {
  CHANCERY_TRY(const std::optional<std::string> name, from.table.text_if(key));
  return name.has_value() ? path_of(from, key, *name) : now;
}

Result<std::string> key_source(const OptionSource& from, std::string_view key,
                               const std::string& source) {
  if (!os::is_elsewhere(source)) {
    return path_of(from, key, source);
  }
  const Result<void> usable = os::check_secret_source(source);
  if (!usable.has_value()) {
    return from.table.fail_at(key, usable.error().detail);
  }
  return source;
}

Result<std::string> ReadKeySource::operator()(const OptionSource& from, std::string_view key,
                                              const std::string& /*now*/) const {
  CHANCERY_TRY(const std::string source, from.table.text(key));
  return key_source(from, key, source);
}

Result<std::string> ReadKeySourceIf::operator()(const OptionSource& from, std::string_view key,
                                                const std::string& now) const {
  CHANCERY_TRY(const std::optional<std::string> source, from.table.text_if(key));
  return source.has_value() ? key_source(from, key, *source) : now;
}

Result<std::string> ReadSocket::operator()(const OptionSource& from, std::string_view key,
                                           const std::string& now) const {
  CHANCERY_TRY(std::string path, ReadPath{}(from, key, now));
  return usable(from, key, std::move(path));
}

Result<std::string> ReadSocketIf::operator()(const OptionSource& from, std::string_view key,
                                             const std::string& now) const {
  CHANCERY_TRY(std::string path, ReadPathIf{}(from, key, now));
  return path.empty() ? Result<std::string>(std::move(path)) : usable(from, key, std::move(path));
}

Result<std::string> read_endpoint(const OptionSource& from, std::string_view key,
                                  zmq::EndpointUse use) {
  CHANCERY_TRY(std::string endpoint, from.table.text(key));
  if (!endpoint.starts_with("tcp://")) {
    return from.table.fail_at(key, "an endpoint starts with tcp://");
  }
  if (const Result<void> checked = zmq::check_endpoint(endpoint, use); !checked.has_value()) {
    return from.table.fail_at(key, checked.error().detail);
  }
  return endpoint;
}

}  // namespace chancery::daemon
