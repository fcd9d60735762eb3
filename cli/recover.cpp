#include "cli/recover.h"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "broker/check.h"
#include "broker/config.h"
#include "broker/engine/engine.h"
#include "broker/store/sqlite_hub_store.h"
#include "cli/ceremony.h"
#include "cli/connection.h"
#include "cli/display.h"
#include "core/base/encoding.h"
#include "core/base/version.h"
#include "core/exchange/evidence.h"
#include "daemon/keys.h"
#include "io/os/clock.h"
#include "io/os/exit_codes.h"
#include "io/os/random.h"
#include "io/text/json.h"

namespace chancery::cli {
namespace {

// What the store has, and what is known to be beyond it.
struct Loss {
  std::uint64_t size = 0;
  Hash root{};
  std::string shown;                          // What a node showed that is not there.
  std::optional<exchange::LogPin> at_quorum;  // The largest head beyond it.
  bool heads_given = false;

  // Nobody knows that it is not so where no head was named.
  [[nodiscard]] bool may_be_below_quorum() const { return at_quorum.has_value() || !heads_given; }
};

struct AuthorityKey {
  std::string member;
  crypto::PrivateKey key;
};

Result<Loss> loss_of(const broker::HubState& state, broker::HubStore& store,
                     const std::vector<std::string>& heads) {
  Loss loss{.size = state.tree.size(),
            .root = state.tree.root(),
            .shown = state.contradiction,
            .at_quorum = {},
            .heads_given = !heads.empty()};
  for (const std::string& text : heads) {
    const Result<exchange::LogPin> head = exchange::parse_log_pin(text);
    if (!head.has_value()) {
      return fail(ErrorCode::kUsage, "--head is SIZE:ROOT, the root in 64 hexadecimal digits");
    }
    if (head->size > loss.size) {
      if (!loss.at_quorum.has_value() || head->size > loss.at_quorum->size) {
        loss.at_quorum = *head;
      }
      continue;
    }
    CHANCERY_TRY(const broker::Answers answers,
                 store.answer({.ids = {}, .head_sizes = {head->size}}));
    const auto here = answers.heads.find(head->size);
    if (here == answers.heads.end() || here->second != head->root) {
      return fail(ErrorCode::kForeignLog, "the head of size " + std::to_string(head->size) +
                                              " is not of the log in this store: it is no "
                                              "earlier part of the log that was lost");
    }
  }
  if (loss.shown.empty() && loss.heads_given && !loss.at_quorum.has_value()) {
    return fail(ErrorCode::kNothingLost, "the store ends at " + std::to_string(loss.size) +
                                             ", and no --head is beyond that");
  }
  return loss;
}

Result<void> add_key(const std::string& path, const exchange::Directory& directory,
                     std::vector<AuthorityKey>& keys) {
  CHANCERY_TRY(crypto::PrivateKey key, daemon::read_private_key(path, crypto::Algorithm::kEd25519));
  const auto& members = directory.roster().members();
  const auto member = std::ranges::find_if(members, [&](const v1::Member& each) {
    return each.role() == v1::MEMBER_ROLE_MEMBER && each.authority_key() == key.public_key().spki();
  });
  if (member == members.end()) {
    return fail(ErrorCode::kNotAnAuthority, path);
  }
  if (std::ranges::none_of(
          keys, [&](const AuthorityKey& known) { return known.member == member->code(); })) {
    keys.push_back({.member = member->code(), .key = std::move(key)});
  }
  return {};
}

// Of a folder, those in it that are of members: partners and institutions sign no roster.
Result<void> add_folder(const std::string& folder, const exchange::Directory& directory,
                        std::vector<AuthorityKey>& keys) {
  std::error_code failed;
  std::vector<std::string> paths;
  for (const auto& each : std::filesystem::directory_iterator(folder, failed)) {
    if (each.path().extension() == ".pem") {
      paths.push_back(each.path().string());
    }
  }
  if (failed) {
    return fail(ErrorCode::kIo, folder + ": " + failed.message());
  }
  std::ranges::sort(paths);
  for (const std::string& path : paths) {
    const Result<void> added = add_key(path, directory, keys);
    if (!added.has_value() && added.error().code != ErrorCode::kNotAnAuthority) {
      return added;
    }
  }
  return {};
}

Result<std::vector<AuthorityKey>> read_keys(const std::vector<std::string>& places,
                                            const exchange::Directory& directory) {
  std::vector<AuthorityKey> keys;
  for (const std::string& place : places) {
    std::error_code unknown;
    CHANCERY_TRY_VOID(std::filesystem::is_directory(place, unknown)
                          ? add_folder(place, directory, keys)
                          : add_key(place, directory, keys));
  }
  if (keys.size() < directory.roster().assent()) {
    return fail(ErrorCode::kAssentMissing,
                std::to_string(keys.size()) + " authority keys were given with --authority, " +
                    std::to_string(directory.roster().assent()) + " have to sign");
  }
  return keys;
}

Result<std::string> continuing_roster(const exchange::Directory& directory, const Loss& loss,
                                      const std::vector<AuthorityKey>& keys) {
  const std::optional<Hash> standing = directory.slot("roster");
  v1::DirectoryEntry entry;
  entry.set_slot("roster");
  entry.set_replaces(to_string(standing.value_or(Hash{})));
  *entry.mutable_roster() = directory.roster();
  v1::TreePoint& continues = *entry.mutable_roster()->mutable_hub()->mutable_continues();
  continues.set_size(loss.size);
  continues.set_root(to_string(loss.root));
  Ceremony ceremony(os::random_bytes, os::unix_us());
  exchange::EntryProposal proposal =
      ceremony.propose(entry, keys.front().member, directory.genesis());
  for (const AuthorityKey& each : keys) {
    CHANCERY_TRY_VOID(sign_with(proposal, each.key));
  }
  return proposal.envelope();
}

void tell(const Loss& loss, const std::vector<std::string>& signed_by, bool recovered, bool json) {
  const std::string root = hex(loss.root);
  if (json) {
    std::cout << json_line(
                     {{"recovered", recovered},
                      {"size", loss.size},
                      {"root", root},
                      {"shown", loss.shown},
                      {"below_quorum", loss.may_be_below_quorum()},
                      {"quorum_size", loss.at_quorum.has_value() ? text::Json(loss.at_quorum->size)
                                                                 : text::Json(nullptr)},
                      {"signed_by", signed_by}})
              << "\n";
    return;
  }
  std::cout << (recovered ? "recovered: the log goes on at\n" : "the log would go on at\n")
            << "  size        " << loss.size << "\n"
            << "  root        " << root << "\n";
  if (!loss.shown.empty()) {
    std::cout << "  shown       " << harmless(loss.shown) << "\n";
  }
  if (loss.at_quorum.has_value()) {
    std::cout << "  at quorum   " << loss.at_quorum->size << " entries: the members' witnesses "
              << "cosigned what is given up\n";
  } else if (!loss.heads_given) {
    std::cout << "  at quorum   not known: --head names what chancery status of nodes shows\n";
  }
  if (recovered) {
    std::cout
        << "Start the hub. Nodes that followed more go back by themselves, keep what they had "
           "as evidence,\nand hand in again what they had sent since.\n";
    return;
  }
  std::cout << "Given up is every entry from there on: its number, its time and its cosignatures. "
               "Nodes keep\nthat as evidence, and hand in again what they sent; what a member has "
               "lost as well is gone.\nWhoever holds evidence of those entries holds proof of two "
               "histories. First look for a\nnewer store: with the newest there is nothing has to "
               "be given up.\nNothing was changed. With --accept-rollback it is done"
            << (loss.may_be_below_quorum() ? ", and --below-quorum, since a quorum may have "
                                             "cosigned more.\n"
                                           : ".\n");
}

}  // namespace

Result<int> run_recover_hub(const RecoverHubOptions& options, const Shared& shared) {
  DaemonOptions named = options.daemon;
  named.name = "hub";
  CHANCERY_TRY(const DaemonFile file, find_daemon_file(named, shared, environment()));
  if (!file.is_hub) {
    return fail(ErrorCode::kUsage, "name a hub: --exchange DIR or --hub FILE");
  }
  CHANCERY_TRY(const broker::Config config, broker::read_config(file.path));
  const bool writes = options.accept_rollback;  // Else the store is only read, and stays as it is.
  CHANCERY_TRY(
      std::unique_ptr<broker::HubStore> store,
      broker::open_sqlite_hub_store(config.store, config.genesis,
                                    writes ? broker::StoreUse::kOwn : broker::StoreUse::kAudit));
  CHANCERY_TRY(const broker::HubState state, store->load());
  if (state.tree.size() == 0) {
    return fail(ErrorCode::kLogEmpty, config.store);
  }
  CHANCERY_TRY(const Loss loss, loss_of(state, *store, options.heads));
  if (!options.accept_rollback) {
    tell(loss, {}, false, shared.json);
    return os::kExitFalse;
  }
  if (loss.may_be_below_quorum() && !options.below_quorum) {
    return fail(ErrorCode::kBelowQuorum,
                "the log would go on at " + std::to_string(loss.size) + ": " +
                    (loss.at_quorum.has_value()
                         ? "a quorum cosigned " + std::to_string(loss.at_quorum->size) + " entries"
                         : "no --head says what a quorum cosigned"));
  }
  CHANCERY_TRY(const std::vector<AuthorityKey> keys,
               read_keys(options.authorities, state.directory));
  CHANCERY_TRY(const std::string envelope, continuing_roster(state.directory, loss, keys));
  CHANCERY_TRY(broker::LogSigners signers, broker::read_log_signers(config));
  CHANCERY_TRY(const std::unique_ptr<broker::Engine> engine,
               broker::Engine::start(
                   {.program = "chancery " + std::string(kVersion), .admission = {}, .window = {}},
                   std::move(store), std::move(signers)));
  CHANCERY_TRY_VOID(engine->sign_missing_checkpoints());
  CHANCERY_TRY_VOID(engine->enter(envelope, os::unix_ms()));
  CHANCERY_TRY_VOID(engine->flush());
  std::vector<std::string> signed_by;
  signed_by.reserve(keys.size());
  for (const AuthorityKey& each : keys) {
    signed_by.push_back(each.member);
  }
  tell(loss, signed_by, true, shared.json);
  return os::kExitDone;
}

}  // namespace chancery::cli
