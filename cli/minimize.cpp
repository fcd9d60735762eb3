#include "cli/minimize.h"

#include <algorithm>
#include <iostream>
#include <utility>

#include "cli/ceremony.h"
#include "cli/display.h"
#include "core/base/encoding.h"
#include "core/exchange/minimize.h"
#include "daemon/keys.h"
#include "io/os/clock.h"
#include "io/os/exit_codes.h"
#include "io/os/random.h"
#include "io/text/json.h"

namespace chancery::cli {
namespace {

struct MinimizeNow {
  std::string value;
  std::string entry;  // D in digits; empty where it was never set.
};

MinimizeNow minimize_in(const text::Json& status) {
  const text::Json& states = status.at("states");
  const auto found = states.find(std::string(exchange::kMinimizeState));
  if (found == states.end()) {
    return {.value = std::string(exchange::kMinimizeOff), .entry = {}};
  }
  return {.value = found->at("value"), .entry = found->at("entry")};
}

// The member whose authority key this is.
Result<std::string> owner_of(const crypto::PrivateKey& key, const text::Json& status,
                             const std::string& path) {
  const std::string id = hex(key.public_key().id());
  const text::Json& members = status.at("members");
  const auto owner = std::ranges::find_if(
      members, [&](const text::Json& member) { return member.at("authority") == id; });
  if (owner == members.end()) {
    return fail(ErrorCode::kNotAnAuthority, path);
  }
  return owner->at("code").get<std::string>();
}

Result<std::string> entry_for(const MinimizeOptions& options, const text::Json& status,
                              const Hash& genesis) {
  v1::DirectoryEntry entry;
  entry.set_slot("state/" + std::string(exchange::kMinimizeState));
  if (const std::string standing = minimize_in(status).entry; !standing.empty()) {
    CHANCERY_TRY(const Hash d, hash_from_hex(standing));
    entry.set_replaces(to_string(d));
  }
  entry.mutable_state()->set_name(std::string(exchange::kMinimizeState));
  entry.mutable_state()->set_value(options.value);
  std::vector<crypto::PrivateKey> keys;
  std::string origin;
  for (const std::string& path : options.authorities) {
    CHANCERY_TRY(crypto::PrivateKey key,
                 daemon::read_private_key(path, crypto::Algorithm::kEd25519));
    CHANCERY_TRY(const std::string owner, owner_of(key, status, path));
    origin = origin.empty() ? owner : origin;
    keys.push_back(std::move(key));
  }
  Ceremony ceremony(os::random_bytes, os::unix_us());
  exchange::EntryProposal proposal = ceremony.propose(entry, origin, genesis);
  for (const crypto::PrivateKey& key : keys) {
    CHANCERY_TRY_VOID(sign_with(proposal, key));
  }
  return proposal.envelope();
}

std::string told(const std::string& value) {
  return value == exchange::kMinimizeOff ? "minimize is off: notices of every precedence go"
                                         : "minimize is in force: notices below " + value + " wait";
}

}  // namespace

Result<int> run_minimize(const MinimizeOptions& options, const Shared& shared) {
  if (options.value.empty() != options.authorities.empty()) {
    return fail(ErrorCode::kUsage, options.value.empty()
                                       ? "--authority goes with what is to be set"
                                       : "who sets it signs for it: --authority FILE");
  }
  CHANCERY_TRY(const DaemonTarget target, find_daemon(options.daemon, shared));
  CHANCERY_TRY(const std::string bytes, ask_status(target));
  CHANCERY_TRY(const text::Json status, text::parse_json(bytes, kStatusDepthMax));
  if (!status.contains("members")) {
    return fail(ErrorCode::kUnavailable, "it has not followed the log yet");
  }
  MinimizeNow now = minimize_in(status);
  text::Json index(nullptr);
  if (!options.value.empty()) {
    if (const Result<v1::Precedence> value = exchange::parse_minimize(options.value);
        !value.has_value()) {
      return fail(ErrorCode::kUsage, value.error().detail);
    }
    CHANCERY_TRY(const std::string envelope, entry_for(options, status, target.genesis));
    CHANCERY_TRY(const std::uint64_t logged_at, ask_entry(target, envelope));
    index = logged_at;
    now.value = options.value;
  }
  if (shared.json) {
    std::cout << json_line({{"minimize", now.value}, {"index", index}}) << "\n";
    return os::kExitDone;
  }
  std::cout << harmless(told(now.value)) << "\n";
  return os::kExitDone;
}

}  // namespace chancery::cli
