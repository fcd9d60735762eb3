#include "cli/exchange_init.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <system_error>
#include <utility>

#include "cli/app.h"
#include "cli/display.h"
#include "cli/exchange_run.h"
#include "cli/lookup.h"
#include "cli/toml_text.h"
#include "core/base/encoding.h"
#include "core/crypto/secret.h"
#include "io/os/clock.h"
#include "io/os/file.h"
#include "io/os/random.h"
#include "io/text/json.h"
#include "io/zmq/endpoint.h"

namespace chancery::cli {
namespace {

using crypto::Algorithm;
using crypto::PrivateKey;

constexpr std::string_view kApplication = "desk";
constexpr std::string_view kHubFolder = "hub";

Hash key_of(const PrivateKey& key) {
  Hash raw{};
  std::ranges::copy(key.public_key().raw(), raw.begin());
  return raw;
}

std::string raw_hex(const PrivateKey& key) {
  return hex(key.public_key().raw());
}

// Everything that one member has before the exchange is founded.
struct Party {
  PrivateKey authority;
  NodeKeys node;
  PrivateKey local;  // The node's key towards applications.
  PrivateKey application;
  bool voice;
};

Result<Party> make_party(Ceremony& ceremony, v1::MemberRole role) {
  // Witnesses are sovereign members; a partner has no part in consultations.
  const bool member = role == v1::MEMBER_ROLE_MEMBER;
  CHANCERY_TRY(PrivateKey authority, ceremony.make_key(Algorithm::kEd25519));
  CHANCERY_TRY(NodeKeys node, make_node_keys(ceremony, member));
  CHANCERY_TRY(PrivateKey local, ceremony.make_key(Algorithm::kX25519));
  CHANCERY_TRY(PrivateKey application, ceremony.make_key(Algorithm::kX25519));
  return Party{.authority = std::move(authority),
               .node = std::move(node),
               .local = std::move(local),
               .application = std::move(application),
               .voice = member || role == v1::MEMBER_ROLE_INSTITUTION};
}

struct Hub {
  PrivateKey log;
  PrivateKey transport;
};

using Parties = std::map<std::string, Party>;  // By member code, as the roster has them.

// The roster with the keys filled in, signed by every member of role member; then an enrolment for
// each party, signed by its authority and the keys that it enrols.
Result<Founding> make_founding(Ceremony& ceremony, const v1::Roster& rules, const Hub& hub,
                               const Parties& parties) {
  v1::DirectoryEntry entry;
  v1::Roster& roster = *entry.mutable_roster();
  roster = rules;
  for (v1::Member& member : *roster.mutable_members()) {
    member.set_authority_key(parties.at(member.code()).authority.public_key().spki());
  }
  roster.mutable_hub()->add_log_keys(hub.log.public_key().spki());
  roster.mutable_hub()->set_transport_key(to_string(hub.transport.public_key().raw()));
  entry.set_slot("roster");

  exchange::EntryProposal proposal =
      ceremony.propose(entry, roster.members(0).code(), std::nullopt);
  for (const v1::Member& member : roster.members()) {
    if (member.role() == v1::MEMBER_ROLE_MEMBER) {
      CHANCERY_TRY_VOID(sign_with(proposal, parties.at(member.code()).authority));
    }
  }
  const Hash genesis = proposal.genesis();
  std::vector<std::string> envelopes = {proposal.envelope()};
  for (const auto& [code, party] : parties) {
    CHANCERY_TRY(const v1::DirectoryEntry node, enrolment_of(code, party.node, party.voice));
    exchange::EntryProposal enrolment = ceremony.propose(node, code, genesis);
    CHANCERY_TRY_VOID(sign_with(enrolment, party.authority));
    CHANCERY_TRY_VOID(sign_with(enrolment, party.node.signing));
    if (party.node.witness.has_value()) {
      CHANCERY_TRY_VOID(sign_with(enrolment, *party.node.witness));
    }
    envelopes.push_back(enrolment.envelope());
  }
  return found(genesis, envelopes);
}

void plan_hub_files(const Hub& hub, ExchangePlan& plan) {
  const std::string folder(kHubFolder);
  for (const std::string_view inner : {"", "/keys", "/store", "/run"}) {
    plan.folders.push_back(folder + std::string(inner));
  }
  plan.files.push_back({folder + "/keys/log.pem", hub.log.to_pem()});
  plan.files.push_back({folder + "/keys/transport.pem", hub.transport.to_pem()});
  plan.files.push_back(
      {folder + "/hub.toml",
       "# The hub of " + plan.name + ": chancery-broker --config hub.toml\n" +
           toml_line("listen", plan.hub_endpoint) + toml_line("genesis", hex(plan.genesis)) +
           toml_line("founding", "../founding.bin") + toml_line("store", "store/hub.db") +
           toml_line("log_key", "keys/log.pem") + toml_line("transport_key", "keys/transport.pem") +
           toml_line("admin", "run/admin.sock")});
}

void plan_node_files(const std::string& code, const Party& party, const Hub& hub,
                     ExchangePlan& plan) {
  const std::string folder = member_folder(code);
  for (const std::string_view inner : {"", "/keys", "/store", "/run", "/apps", "/apps/desk"}) {
    plan.folders.push_back(folder + std::string(inner));
  }
  plan.files.push_back({folder + "/keys/signing.pem", party.node.signing.to_pem()});
  if (party.node.witness.has_value()) {
    plan.files.push_back({folder + "/keys/witness.pem", party.node.witness->to_pem()});
  }
  plan.files.push_back({folder + "/keys/transport.pem", party.node.transport.to_pem()});
  plan.files.push_back({folder + "/keys/sealing.pem", party.node.sealing.to_pem()});
  plan.files.push_back({folder + "/keys/local.pem", party.local.to_pem()});
  plan.files.push_back(
      {folder + "/node.toml",
       "# The node of " + code + ": chancery-node --config node.toml\n" +
           toml_line("member", code) + toml_line("genesis", hex(plan.genesis)) +
           toml_line("hub", plan.hub_endpoint) + toml_line("hub_key", raw_hex(hub.transport)) +
           toml_line("store", "store/node.db") + toml_line("signing_key", "keys/signing.pem") +
           (party.node.witness.has_value() ? toml_line("witness_key", "keys/witness.pem") : "") +
           toml_line("transport_key", "keys/transport.pem") +
           "sealing_keys = [\"keys/sealing.pem\"]\n" + toml_line("local", "run/local.sock") +
           toml_line("local_key", "keys/local.pem") + toml_line("admin", "run/admin.sock") + "\n" +
           application_table({.name = std::string(kApplication),
                              .key = key_of(party.application),
                              .publish = {"*"},
                              .read = {"*"}})});
  const std::string application = folder + "/apps/desk";
  plan.files.push_back({application + "/key.pem", party.application.to_pem()});
  plan.files.push_back(
      {application + "/client.toml", client_toml(kApplication, {.node = "../../run/local.sock",
                                                                .node_key = raw_hex(party.local),
                                                                .member = code,
                                                                .genesis = hex(plan.genesis)})});
}

std::string exchange_toml(const ExchangePlan& plan) {
  return "# A trial exchange: chancery exchange run, and --exchange of the other verbs, read "
         "this.\n" +
         toml_line("name", plan.name) + toml_line("genesis", hex(plan.genesis)) +
         toml_line("hub", plan.hub_endpoint) + "members = " + toml_list(plan.members) + "\n";
}

// The longest socket path that the folder will hold must fit sockaddr_un.
Result<void> check_socket_paths(const ExchangePlan& plan, const std::string& folder) {
  for (const std::string& code : plan.members) {
    const std::string socket = folder + "/" + member_folder(code) + "/run/admin.sock";
    if (socket.size() > zmq::kIpcPathBytesMax) {
      return fail(ErrorCode::kLimitExceeded,
                  socket + " is longer than the " + std::to_string(zmq::kIpcPathBytesMax) +
                      " bytes that a socket's path may have: choose a shorter folder");
    }
  }
  return {};
}

Result<void> write_all(const ExchangePlan& plan, const std::string& folder) {
  const std::string in_folder = folder + "/";
  for (const std::string& inner : plan.folders) {
    CHANCERY_TRY_VOID(os::make_private_folder(in_folder + inner));
  }
  for (const PlannedFile& file : plan.files) {
    CHANCERY_TRY_VOID(os::write_file_new(in_folder + file.path, file.bytes, 0600));
  }
  return {};
}

}  // namespace

ExchangePlan::~ExchangePlan() {
  for (PlannedFile& file : files) {
    crypto::wipe(file.bytes);
  }
}

Result<ExchangePlan> plan_exchange(const Profile& profile, std::string_view endpoint,
                                   std::uint64_t now_us, const Random& random) {
  Ceremony ceremony(random, now_us);
  CHANCERY_TRY(PrivateKey log, ceremony.make_key(Algorithm::kEd25519));
  CHANCERY_TRY(PrivateKey transport, ceremony.make_key(Algorithm::kX25519));
  const Hub hub{.log = std::move(log), .transport = std::move(transport)};
  ExchangePlan plan;
  Parties parties;
  for (const v1::Member& member : profile.roster.members()) {
    if (member_folder(member.code()) == kHubFolder) {
      return fail(ErrorCode::kConfigInvalid,
                  "a member called " + member.code() + " has no folder beside the hub's");
    }
    CHANCERY_TRY(Party party, make_party(ceremony, member.role()));
    parties.emplace(member.code(), std::move(party));
    plan.members.push_back(member.code());
  }
  CHANCERY_TRY(Founding founding, make_founding(ceremony, profile.roster, hub, parties));

  plan.name = profile.roster.exchange();
  plan.genesis = founding.genesis;
  plan.hub_endpoint = std::string(endpoint);
  plan.folders.emplace_back("authorities");
  for (const auto& [code, party] : parties) {
    plan.files.push_back({"authorities/" + code + ".pem", party.authority.to_pem()});
  }
  plan.files.push_back({"founding.bin", std::move(founding.file)});
  plan_hub_files(hub, plan);
  for (const auto& [code, party] : parties) {
    plan_node_files(code, party, hub, plan);
  }
  // Last, since its presence says that the exchange is whole.
  plan.files.push_back({"exchange.toml", exchange_toml(plan)});
  return plan;
}

Result<void> write_exchange(const ExchangePlan& plan, const std::string& folder) {
  std::error_code failed;
  const std::string absolute = std::filesystem::absolute(folder, failed).string();
  if (failed) {
    return fail(ErrorCode::kIo, folder + ": " + failed.message());
  }
  CHANCERY_TRY_VOID(check_socket_paths(plan, absolute));
  if (std::filesystem::symlink_status(absolute, failed).type() !=
      std::filesystem::file_type::not_found) {
    return fail(ErrorCode::kExists, folder);
  }
  CHANCERY_TRY_VOID(os::make_private_folder(absolute));
  Result<void> written = write_all(plan, absolute);
  if (!written.has_value()) {
    std::filesystem::remove_all(absolute, failed);
  }
  return written;
}

Result<ExchangePlan> init_exchange(const ExchangeInitOptions& options) {
  std::error_code failed;
  const std::string path = std::filesystem::is_directory(options.profile, failed)
                               ? options.profile + "/profile.toml"
                               : options.profile;
  CHANCERY_TRY(const std::string text, expecting("a profile, or a folder with profile.toml",
                                                 os::read_file(path, kProfileBytesMax)));
  CHANCERY_TRY(const Profile profile, parse_profile(text, path));
  const std::string endpoint =
      options.listen.has_value()
          ? *options.listen
          : "tcp://127.0.0.1:" + std::to_string(options.port.value_or(profile.port));
  if (!endpoint.starts_with("tcp://")) {
    return fail(ErrorCode::kUsage, "the hub listens at tcp://ADDRESS:PORT, not at " + endpoint);
  }
  // Every node connects to it, so nothing may be left open.
  const Result<void> checked = zmq::check_endpoint(endpoint, zmq::EndpointUse::kConnect);
  if (!checked.has_value()) {
    return fail(ErrorCode::kUsage, checked.error().detail);
  }
  CHANCERY_TRY(ExchangePlan plan,
               plan_exchange(profile, endpoint, os::unix_us(), os::random_bytes));
  CHANCERY_TRY_VOID(write_exchange(plan, options.folder));
  return plan;
}

std::string describe_exchange(const ExchangePlan& plan, const std::string& folder, bool json) {
  if (json) {
    return json_line({{"folder", folder},
                      {"name", plan.name},
                      {"genesis", hex(plan.genesis)},
                      {"hub", plan.hub_endpoint},
                      {"members", plan.members},
                      {"files", plan.files.size()}}) +
           "\n";
  }
  std::string codes;
  for (const std::string& code : plan.members) {
    codes += " " + code;
  }
  return "Made the trial exchange " + harmless(plan.name) + " in " + folder + "\n" + "  genesis  " +
         hex(plan.genesis) + "\n" + "  hub      " + plan.hub_endpoint + "\n" + "  members " +
         codes + "\n\n" +
         "It holds the keys of all parties: right for a trial, wrong for anything else.\n\n" +
         "Next:\n" + "  chancery exchange run " + folder + "\n" + "and in another terminal:\n" +
         "  chancery status --exchange " + folder + " hub\n" + "  chancery inbox --exchange " +
         folder + " --as " + plan.members.front() + " --follow\n";
}

}  // namespace chancery::cli
