// A configuration: first byte 0 the hub's, 1 a node's, 2 the profile of an exchange, 3 a client's.
//
// Holds: every error names the file; what is taken has endpoints that may be used, paths that are
// absolute, applications that differ, members in the order of a roster.

#include "broker/config.h"

#include <set>

#include "cli/profile.h"
#include "client/src/options.h"
#include "core/exchange/names.h"
#include "io/zmq/endpoint.h"
#include "node/config.h"
#include "tests/fuzz/input.h"

namespace broker = chancery::broker;
namespace cli = chancery::cli;
namespace node = chancery::node;
namespace zmq = chancery::zmq;

namespace {

constexpr const char* kPath = "/etc/chancery/file.toml";

void check_error(const chancery::Error& error) {
  CHANCERY_CHECK(error.detail.starts_with(kPath));
}

void check_hub(std::string_view text) {
  const auto config = broker::parse_config(text, kPath);
  if (!config.has_value()) {
    check_error(config.error());
    return;
  }
  CHANCERY_CHECK(zmq::check_endpoint(config->listen, zmq::EndpointUse::kListen).has_value());
  CHANCERY_CHECK(config->store.starts_with('/') && config->admin.starts_with('/'));
}

void check_node(std::string_view text) {
  const auto config = node::parse_config(text, kPath);
  if (!config.has_value()) {
    check_error(config.error());
    return;
  }
  CHANCERY_CHECK(zmq::check_endpoint(config->hub, zmq::EndpointUse::kConnect).has_value());
  CHANCERY_CHECK(zmq::check_endpoint(config->local, zmq::EndpointUse::kListen).has_value());
  CHANCERY_CHECK(config->store.starts_with('/') && !config->sealing_keys.empty());
  std::set<std::string> names;
  for (const node::Application& application : config->applications) {
    CHANCERY_CHECK(names.insert(application.name).second);
  }
}

void check_profile(std::string_view text) {
  const auto profile = cli::parse_profile(text, kPath);
  if (!profile.has_value()) {
    check_error(profile.error());
    return;
  }
  CHANCERY_CHECK(profile->port != 0 && profile->roster.members_size() > 0);
  for (int i = 0; i < profile->roster.members_size(); ++i) {
    const std::string& code = profile->roster.members(i).code();
    CHANCERY_CHECK(chancery::exchange::is_member_code(code));
    CHANCERY_CHECK(i == 0 || profile->roster.members(i - 1).code() < code);
  }
}

void check_client(std::string_view text) {
  const auto file = chancery::client::parse_options(text, kPath);
  if (!file.has_value()) {
    check_error(file.error());
    return;
  }
  const auto connects = zmq::check_endpoint(file->options.node, zmq::EndpointUse::kConnect);
  CHANCERY_CHECK(connects.has_value() && file->key_path.starts_with('/'));
  CHANCERY_CHECK(file->options.request_timeout.count() > 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chancery::fuzz::Input input(data, size);
  switch (input.choice(4)) {
    case 0:
      check_hub(input.rest());
      break;
    case 1:
      check_node(input.rest());
      break;
    case 2:
      check_profile(input.rest());
      break;
    default:
      check_client(input.rest());
  }
  return 0;
}
