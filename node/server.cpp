#include "node/server.h"

#include <csignal>
#include <utility>

#include "core/base/encoding.h"
#include "core/base/version.h"
#include "core/crypto/keys.h"
#include "core/crypto/secret.h"
#include "core/exchange/compose.h"
#include "core/exchange/limits.h"
#include "core/exchange/strict.h"
#include "daemon/keys.h"
#include "io/log/log.h"
#include "io/os/clock.h"
#include "io/os/random.h"
#include "io/text/json.h"
#include "io/zmq/plain_router.h"
#include "io/zmq/poller.h"
#include "io/zmq/self_test.h"

namespace chancery::node {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kZapDomain = "local";
constexpr std::size_t kUnacknowledgedMax = 1024;  // Signed and not yet logged, at most.
// Inside libzmq, before anybody looks at them: 4 MiB each of an application's connection, 8 MiB of
// the hub's.
constexpr int kFramesWaitingMax = 4;
constexpr int kHubFramesWaitingMax = 16;
constexpr int kLocalConnectionsMax = 64;
constexpr std::size_t kAuditPageBytes = 2U << 20U;
constexpr std::size_t kAdminFrameBytesMax = 16U << 20U;
constexpr milliseconds kResendAfter{30'000};
constexpr milliseconds kPingEvery{5'000};

std::string_view phase_word(LinkPhase phase) {
  switch (phase) {
    case LinkPhase::kDown:
      return "down";
    case LinkPhase::kGreeting:
      return "greeting";
    case LinkPhase::kUp:
      return "up";
    case LinkPhase::kAlarm:
      return "alarm";
  }
  return "";
}

}  // namespace

Server::Server(Config config, std::unique_ptr<NodeStore> store, NodeState state,
               std::unique_ptr<crypto::Signer> signer, exchange::Opener opener)
    : config_(std::move(config)),
      store_(std::move(store)),
      signer_(std::move(signer)),
      opener_(std::move(opener)),
      follower_(std::move(state.follower)),
      history_(std::move(state.history)),
      link_({.genesis = config_.genesis, .program = "chancery-node " + std::string(kVersion)},
            state.position),
      local_api_(config_.member, config_.applications, *store_,
                 [](std::size_t count) { return os::random_bytes(count); }),
      alarm_(std::move(state.alarm)),
      created_at_us_(state.created_at_us) {}

Result<std::unique_ptr<Server>> Server::start(const Config& config) {
  CHANCERY_TRY(crypto::PrivateKey signing_key,
               daemon::read_private_key(config.signing_key, crypto::Algorithm::kEd25519));
  if (!config.witness_key.empty()) {
    CHANCERY_TRY_VOID(daemon::read_private_key(config.witness_key, crypto::Algorithm::kEd25519));
  }
  CHANCERY_TRY(const crypto::PrivateKey transport_key,
               daemon::read_private_key(config.transport_key, crypto::Algorithm::kX25519));
  CHANCERY_TRY(const crypto::PrivateKey local_key,
               daemon::read_private_key(config.local_key, crypto::Algorithm::kX25519));
  std::vector<crypto::PrivateKey> sealing_keys;
  for (const std::string& path : config.sealing_keys) {
    CHANCERY_TRY(crypto::PrivateKey key,
                 daemon::read_private_key(path, crypto::Algorithm::kX25519));
    sealing_keys.push_back(std::move(key));
  }
  CHANCERY_TRY(std::unique_ptr<NodeStore> store,
               NodeStore::open(config.store, config.genesis, config.member, StoreUse::kOwn));
  CHANCERY_TRY(NodeState state, store->load());
  auto server = std::unique_ptr<Server>(
      new Server(config, std::move(store), std::move(state),
                 std::make_unique<crypto::KeySigner>(std::move(signing_key)),
                 exchange::Opener(std::move(sealing_keys))));
  CHANCERY_TRY_VOID(server->open_sockets(transport_key, local_key));
  return server;
}

Result<void> Server::open_sockets(const crypto::PrivateKey& transport_key,
                                  const crypto::PrivateKey& local_key) {
  CHANCERY_TRY(zmq::Context context, zmq::Context::create());
  context_ = std::make_unique<zmq::Context>(std::move(context));
  CHANCERY_TRY(zmq::ZapHandler zap, zmq::ZapHandler::start(*context_));
  zap_ = std::make_unique<zmq::ZapHandler>(std::move(zap));
  zmq::AdmissionTable table;
  for (const Application& application : config_.applications) {
    table.emplace(daemon::curve_key(application.key), application.name);
  }
  zap_->allow(std::string(kZapDomain), std::move(table));
  CHANCERY_TRY(zmq::Router admin,
               zmq::bind_plain_router(
                   *context_, {.path = config_.admin, .frame_bytes_max = kAdminFrameBytesMax}));
  admin_ = std::make_unique<zmq::Router>(std::move(admin));
  CHANCERY_TRY(zmq::Router local,
               zmq::Router::bind(*context_, {.endpoint = config_.local,
                                             .secret = daemon::curve_pair(local_key).secret,
                                             .zap_domain = std::string(kZapDomain),
                                             .frame_bytes_max = exchange::kFrameBytesMax,
                                             .receive_count_max = kFramesWaitingMax,
                                             .connection_count_max = kLocalConnectionsMax}));
  local_ = std::make_unique<zmq::Router>(std::move(local));
  CHANCERY_TRY_VOID(zmq::admission_self_test(
      *context_, {.endpoint = local_->endpoint(),
                  .server_public = daemon::curve_pair(local_key).public_key,
                  .random_secret = daemon::stranger_key()}));
  CHANCERY_TRY(zmq::Dealer hub,
               zmq::Dealer::connect(*context_, {.endpoint = config_.hub,
                                                .own = daemon::curve_pair(transport_key),
                                                .server_public = daemon::curve_key(config_.hub_key),
                                                .frame_bytes_max = 2 * exchange::kFrameBytesMax,
                                                .receive_count_max = kHubFramesWaitingMax}));
  hub_ = std::make_unique<zmq::Dealer>(std::move(hub));
  return {};
}

LocalContext Server::local_context() const {
  return {.directory = &follower_.directory(), .now_ms = os::unix_ms(), .now = os::steady_now()};
}

Result<void> Server::run(os::SignalFd& signals) {
  zmq::Poller poller;
  const auto hub_token = poller.add(*hub_);
  const auto local_token = poller.add(*local_);
  poller.add(*admin_);
  const auto signal_token = poller.add(signals.fd());
  log::info("listening", {{"member", config_.member},
                          {"local", local_->endpoint()},
                          {"hub", config_.hub},
                          {"size", follower_.size()}});
  while (true) {
    CHANCERY_TRY_VOID(poller.wait(kIdleWait));
    if (poller.ready(signal_token)) {
      while (const std::optional<int> signal = signals.next()) {
        if (*signal != SIGHUP) {
          log::info("stopping", {{"signal", *signal}});
          return {};
        }
        log::info("nothing-to-reload", {});
      }
    }
    // While something comes in, turns follow each other without waiting.
    do {
      CHANCERY_TRY_VOID(turn());
      CHANCERY_TRY_VOID(poller.wait(milliseconds(0)));
    } while ((poller.ready(hub_token) || poller.ready(local_token) || local_api_.is_behind()) &&
             !poller.ready(signal_token));
  }
}

Result<void> Server::write() {
  return store_->in_transaction() ? Result<void>() : store_->begin();
}

Result<void> Server::turn() {
  take_link_events();
  CHANCERY_TRY_VOID(receive_from_hub());
  CHANCERY_TRY_VOID(receive_local());
  CHANCERY_TRY_VOID(receive_admin());
  CHANCERY_TRY_VOID(sign_and_submit());
  CHANCERY_TRY_VOID(resend_when_due());
  if (link_.phase() == LinkPhase::kUp && os::steady_now() >= ping_at_) {
    ping_at_ = os::steady_now() + kPingEvery;
    link_.ping(os::unix_ms());
  }
  if (store_->in_transaction()) {
    CHANCERY_TRY_VOID(store_->commit());
  }
  CHANCERY_TRY_VOID(local_api_.wake(local_context(), std::exchange(news_, {})));
  send();
  // Ready once for each welcome: everything that the hub had logged is followed and stored.
  if (!in_step_ && link_.phase() == LinkPhase::kUp && follower_.size() >= link_.hub_size()) {
    in_step_ = true;
    log::info("ready", {{"member", config_.member}, {"size", follower_.size()}});
  }
  return {};
}

// Set by set, until the signer fails: what was not signed stays in the queue as it is.
std::vector<SignedSet> Server::sign(const StampedBatch& batch) {
  std::vector<SignedSet> signed_sets;
  for (const std::vector<Hash>& ds : batch.sets) {
    exchange::BatchToSign to_sign(config_.genesis, signer_->public_key().id(), ds);
    Result<std::string> value = signer_->sign(as_bytes(to_sign.message()));
    if (!value.has_value()) {
      log::error("signing-failed", {{"detail", value.error().detail}});
      sign_not_before_ = os::steady_now() + milliseconds(1000);
      break;
    }
    signed_sets.push_back({.to_sign = std::move(to_sign), .value = *std::move(value)});
  }
  return signed_sets;
}

Result<void> Server::sign_and_submit() {
  if (!outbox_changed_ || link_.phase() != LinkPhase::kUp || !follower_.directory().founded() ||
      follower_.size() < link_.hub_size() || os::steady_now() < sign_not_before_) {
    return {};
  }
  CHANCERY_TRY(std::vector<Waiting> waiting, store_->waiting(kSignedTogetherMax));
  CHANCERY_TRY(const OutboxLoad load, store_->outbox_load());
  const std::size_t count =
      load.signed_count >= kUnacknowledgedMax ? 0 : count_to_sign(waiting, load.signed_count);
  if (count == 0) {
    outbox_changed_ = false;
    return {};
  }
  waiting.resize(count);
  std::string random = os::random_bytes(random_bytes_needed(waiting, follower_.directory()));
  const crypto::WipeAtEnd random_wiped(random);  // Content keys come from it.
  const StampedBatch batch =
      stamp(waiting,
            {.directory = &follower_.directory(),
             .origin = config_.member,
             .log_seen = exchange::tree_head(follower_.size(), follower_.tree().root()),
             .now_us = os::unix_us(),
             .created_at_last_us = created_at_us_},
            random);
  CHANCERY_TRY_VOID(write());
  for (const Unstampable& refused : batch.refused) {
    CHANCERY_TRY_VOID(store_->mark_refused(refused.notice_id, refused.error));
    news_.notice_ids.insert(refused.notice_id);
  }
  const std::vector<std::string> envelopes = signed_envelopes(batch, sign(batch));
  if (envelopes.empty()) {
    return {};
  }
  for (std::size_t i = 0; i < envelopes.size(); ++i) {
    CHANCERY_TRY_VOID(store_->put_signed(batch.notices[i], envelopes[i]));
    created_at_us_ = batch.notices[i].created_at_us;
  }
  link_.submit(envelopes);
  resend_at_ = os::steady_now() + kResendAfter;
  return {};
}

// Verbatim, in the order of signing: after each welcome, when the hub asked for it, and when it has
// been silent for long.
Result<void> Server::resend_when_due() {
  if (link_.phase() != LinkPhase::kUp) {
    return {};
  }
  const bool due = resend_at_.has_value() && os::steady_now() >= *resend_at_;
  if (!link_.take_resend() && !due) {
    return {};
  }
  resend_at_.reset();
  CHANCERY_TRY(const std::vector<std::string> envelopes,
               store_->unacknowledged(kUnacknowledgedMax));
  if (!envelopes.empty()) {
    log::info("resending", {{"count", envelopes.size()}});
    link_.submit(envelopes);
    resend_at_ = os::steady_now() + kResendAfter;
  }
  return {};
}

Result<void> Server::receive_local() {
  for (std::size_t i = 0; i < kReceivedPerTurnMax && !local_api_.turn_is_full(); ++i) {
    const std::optional<zmq::Received> received = local_->receive();
    if (!received.has_value()) {
      return {};
    }
    if (received->user_id.empty() || received->oversized || received->frames.size() != 1) {
      log::warn("refused-frame", {{"application", received->user_id}});
      local_->disconnect(received->routing_id, received->source_fd);
      continue;
    }
    CHANCERY_TRY_VOID(local_api_.handle(received->routing_id, received->user_id,
                                        received->frames.front(), local_context()));
    outbox_changed_ = true;
  }
  return {};
}

Result<void> Server::receive_admin() {
  for (std::size_t i = 0; i < kReceivedPerTurnMax; ++i) {
    const std::optional<zmq::Received> received = admin_->receive();
    if (!received.has_value()) {
      return {};
    }
    v1::AdminReply reply;
    const auto refuse = [&](const Error& error) {
      reply.mutable_error()->set_code(static_cast<std::uint32_t>(error.code));
      reply.mutable_error()->set_text(error.detail);
    };
    const Result<v1::AdminRequest> request = exchange::parse_wire<v1::AdminRequest>(
        received->frames.empty() ? "" : received->frames.front(), exchange::Reading::kOpen,
        {.bytes_max = kAdminFrameBytesMax});
    if (!request.has_value()) {
      refuse(request.error());
    } else if (request->has_status()) {
      CHANCERY_TRY(*reply.mutable_status()->mutable_json(), status_json());
    } else if (request->has_audit_page()) {
      Result<v1::AuditPageReply> page =
          store_->audit_page(request->audit_page().from_index(), kAuditPageBytes);
      if (page.has_value()) {
        *reply.mutable_audit_page() = std::move(*page);
      } else {
        refuse(page.error());
      }
    } else {
      refuse({ErrorCode::kMalformed, "a request that this node does not serve"});
    }
    reply.set_request_id(request.has_value() ? request->request_id() : 0);
    if (const Result<void> sent = admin_->send(received->routing_id, {reply.SerializeAsString()});
        !sent.has_value()) {
      log::debug("admin-unsent", {{"error", sent.error().to_string()}});
    }
  }
  return {};
}

void Server::send() {
  for (std::string& message : link_.take_outgoing()) {
    if (const Result<void> sent = hub_->send({std::move(message)}); !sent.has_value()) {
      // The link is gone or full: hello, credits and resending make up for it.
      log::debug("hub-unsent", {{"error", sent.error().to_string()}});
      resend_at_ = os::steady_now() + kIdleWait;
      link_.unsent();
      break;
    }
  }
  for (const LocalReply& reply : local_api_.take_replies()) {
    if (const Result<void> sent = local_->send(reply.routing_id, {reply.message});
        !sent.has_value()) {
      log::debug("reply-unsent", {{"error", sent.error().to_string()}});
    }
  }
}

Result<std::string> Server::status_json() {
  CHANCERY_TRY(const OutboxCounts outbox, store_->outbox_counts());
  CHANCERY_TRY(const OutboxLoad load, store_->outbox_load());
  CHANCERY_TRY(const IntakeCounts intake, store_->intake_counts());
  text::Json json;
  json["program"] = "chancery-node";
  json["version"] = kVersion;
  json["member"] = config_.member;
  json["node"] = hex(signer_->public_key().id());
  json["genesis"] = hex(config_.genesis);
  const exchange::Directory& directory = follower_.directory();
  if (directory.founded()) {
    json["exchange"] = directory.roster().exchange();
    json["classifications"] = directory.roster().classifications();
    json["members"] = text::Json::array();
    for (const v1::Member& member : directory.roster().members()) {
      json["members"].push_back({{"code", member.code()},
                                 {"name", member.name()},
                                 {"nodes", directory.active_nodes_of(member.code()).size()}});
    }
  }
  json["enrolled"] =
      directory.founded() && directory.active_node(signer_->public_key().id()) != nullptr;
  json["hub"] = {{"endpoint", config_.hub},
                 {"link", phase_word(link_.phase())},
                 {"size", link_.hub_size()},
                 {"fault", last_fault_}};
  json["log"] = {{"size", follower_.size()},
                 {"root", hex(follower_.tree().root())},
                 {"directory", hex(directory.root())},
                 {"accepted_at_ms", follower_.accepted_at_ms()}};
  json["cursor"] = link_.position().cursor;
  json["outbox"] = {{"queued", outbox.queued},
                    {"signed", outbox.signed_count},
                    {"logged", outbox.logged},
                    {"refused", outbox.refused}};
  json["inbox"] = {{"shown", intake.shown},
                   {"void", intake.void_count},
                   {"unopenable", intake.unopenable},
                   {"garbled", intake.garbled}};
  json["queues"] = {{"held", {{"items", link_.held_count()}}},
                    {"outbox", {{"items", load.queued + load.signed_count}, {"bytes", load.bytes}}},
                    {"waiters", {{"items", local_api_.waiter_count()}}}};
  json["alarm"] = alarm_.has_value() ? text::Json{{"error", error_info(alarm_->code).name},
                                                  {"detail", alarm_->detail}}
                                     : text::Json(nullptr);
  return text::dump(json);
}

}  // namespace chancery::node
