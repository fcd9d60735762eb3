#include "cli/bench/prefill.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "broker/check.h"
#include "broker/config.h"
#include "broker/engine/engine.h"
#include "broker/store/sqlite_hub_store.h"
#include "cli/bench/load.h"
#include "cli/exchange_run.h"
#include "client/src/convert.h"
#include "core/crypto/signer.h"
#include "core/exchange/compose.h"
#include "daemon/keys.h"
#include "io/os/clock.h"
#include "io/os/random.h"
#include "node/core/stamping.h"
#include "node/engine/drafting.h"

namespace chancery::cli::bench {
namespace {

constexpr std::size_t kPrefillTextBytes = 16;

Result<std::unique_ptr<broker::Engine>> start_engine(const broker::Config& config) {
  CHANCERY_TRY(broker::LogSigners signers, broker::read_log_signers(config));
  CHANCERY_TRY(std::unique_ptr<broker::HubStore> store,
               broker::open_sqlite_hub_store(config.store, config.genesis, broker::StoreUse::kOwn));
  CHANCERY_TRY(std::unique_ptr<broker::Engine> engine,
               broker::Engine::start({.program = "chancery bench",
                                      .admission = {.disk = config.disk},
                                      .window = {},
                                      .quota = config.quota},
                                     std::move(store), std::move(signers)));
  CHANCERY_TRY(const v1::FoundingFile founding, broker::read_founding(config.founding));
  CHANCERY_TRY_VOID(engine->found(founding, config.founding, os::unix_ms()));
  CHANCERY_TRY_VOID(engine->sign_missing_checkpoints());
  return engine;
}

// The origin's node, as far as it makes envelopes.
class Origin {
 public:
  Origin(const Hash& genesis, crypto::PrivateKey key, Shape shape)
      : genesis_(genesis), signer_(std::move(key)), shape_(std::move(shape)) {}

  Result<std::vector<std::string>> envelopes(const exchange::Directory& directory,
                                             const ledger::CompactTree& tree, std::uint64_t first,
                                             std::size_t count) {
    CHANCERY_TRY(const std::vector<node::Waiting> waiting, drafts(directory, first, count));
    const node::StampedBatch batch =
        node::stamp(waiting,
                    {.directory = &directory,
                     .origin = std::string(kSpareOrigin),
                     .log_seen = exchange::tree_head(tree.size(), tree.root()),
                     .now_us = os::unix_us(),
                     .created_at_last_us = created_at_us_},
                    os::random_bytes(node::random_bytes_needed(waiting, directory)));
    if (!batch.refused.empty()) {
      return std::unexpected(batch.refused.front().error);
    }
    created_at_us_ = batch.notices.back().created_at_us;
    std::vector<node::SignedSet> sets;
    for (const std::vector<Hash>& ds : batch.sets) {
      exchange::BatchToSign to_sign(genesis_, signer_.public_key().id(), ds);
      CHANCERY_TRY(std::string value, signer_.sign(as_bytes(to_sign.message())));
      sets.push_back({.to_sign = std::move(to_sign), .value = std::move(value)});
    }
    std::vector<std::string> envelopes;
    for (node::SignedEnvelope& envelope : node::signed_envelopes(batch, sets)) {
      envelopes.push_back(std::move(envelope.bytes));
    }
    return envelopes;
  }

 private:
  Result<std::vector<node::Waiting>> drafts(const exchange::Directory& directory,
                                            std::uint64_t first, std::size_t count) const {
    const std::string member(kSpareOrigin);
    const std::function<std::string(std::size_t)> random = os::random_bytes;
    std::vector<node::Waiting> waiting;
    waiting.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      CHANCERY_TRY(const v1::PublishRequest request,
                   client::publish_request(draft_of(shape_, {.number = first + i})));
      CHANCERY_TRY(node::OutboxDraft draft, node::draft_notice(request, {.member = member,
                                                                         .genesis = genesis_,
                                                                         .directory = directory,
                                                                         .random = random,
                                                                         .now_ms = os::unix_ms()}));
      waiting.push_back(std::move(draft.waiting));
    }
    return waiting;
  }

  Hash genesis_;
  crypto::KeySigner signer_;
  Shape shape_;
  std::uint64_t created_at_us_ = 0;
};

// A turn of the hub.
Result<void> log_all(broker::Engine& engine, const std::vector<std::string>& envelopes) {
  engine.disk_has(std::numeric_limits<std::uint64_t>::max(), os::steady_now());
  for (const std::string& envelope : envelopes) {
    CHANCERY_TRY_VOID(engine.hub().sequencer().offer(0, kSpareOrigin, envelope));
  }
  CHANCERY_TRY(const broker::Sequenced sequenced, engine.sequence(os::unix_ms()));
  static_cast<void>(engine.take_outgoing());
  for (const broker::Outcome& outcome : sequenced.outcomes) {
    if (outcome.error.has_value()) {
      return std::unexpected(*outcome.error);
    }
  }
  return {};
}

}  // namespace

Result<void> prefill(Exchange& exchange, std::uint64_t count,
                     const std::function<void(std::uint64_t done)>& progress) {
  CHANCERY_TRY(const broker::Config config,
               broker::read_config(exchange.folder() + "/hub/hub.toml"));
  CHANCERY_TRY(const std::unique_ptr<broker::Engine> engine, start_engine(config));
  CHANCERY_TRY(crypto::PrivateKey key,
               daemon::read_private_key(
                   exchange.folder() + "/" + member_folder(kSpareOrigin) + "/keys/signing.pem",
                   crypto::Algorithm::kEd25519));
  Origin origin(config.genesis, std::move(key),
                {.run_ms = os::unix_ms(),
                 .text_bytes = kPrefillTextBytes,
                 .recipients = {std::string(kSpareRecipient)}});
  for (std::uint64_t done = 0; done < count;) {
    CHANCERY_TRY_VOID(exchange.check());
    const auto together =
        static_cast<std::size_t>(std::min<std::uint64_t>(node::kSignedTogetherMax, count - done));
    const broker::Sequencer& log = engine->hub().sequencer();
    CHANCERY_TRY(const std::vector<std::string> envelopes,
                 origin.envelopes(log.directory(), log.tree(), done, together));
    CHANCERY_TRY_VOID(log_all(*engine, envelopes));
    done += together;
    progress(done);
  }
  return engine->flush();
}

}  // namespace chancery::cli::bench
