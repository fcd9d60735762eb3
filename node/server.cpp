#include "node/server.h"

#include <algorithm>
#include <csignal>
#include <utility>

#include "core/base/encoding.h"
#include "core/base/version.h"
#include "core/crypto/keys.h"
#include "core/exchange/limits.h"
#include "core/exchange/strict.h"
#include "daemon/keys.h"
#include "daemon/members.h"
#include "daemon/quarantine.h"
#include "daemon/queue_json.h"
#include "io/log/log.h"
#include "io/os/clock.h"
#include "io/os/process.h"
#include "io/os/random.h"
#include "io/text/json.h"
#include "io/zmq/plain_router.h"
#include "io/zmq/poller.h"
#include "io/zmq/self_test.h"
#include "node/metrics.h"
#include "node/store/consultation.h"
#include "node/store/evidence.h"
#include "node/store/thread.h"

namespace chancery::node {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kZapDomain = "local";
constexpr std::size_t kReceivedPerTurnMax = 256;
// What is urgent waits for the rest of a turn, at the hub's socket and at the applications': so a
// turn takes no more of a flood than this, and what one message makes of it.
constexpr milliseconds kTurnWork{10};
// Inside libzmq, before anybody looks at them: of an application's connection, which is a request
// and more, and of all; and of the hub's. The hub may send what this node has credits for, 12 MiB,
// and pages.
constexpr std::size_t kLocalWaitingBytesMax = 2U << 20U;
static_assert(kLocalWaitingBytesMax > exchange::kRequestBytesMax);
constexpr std::size_t kAllLocalWaitingBytesMax = 16U << 20U;
constexpr std::size_t kHubWaitingBytesMax = 32U << 20U;
// Replies to applications that do not read: for all together, and one to each besides.
constexpr std::size_t kRepliesLeavingBytesMax = 8U << 20U;
// A hub that is back is found within the longer time; what is urgent should not wait for more.
constexpr std::chrono::milliseconds kReconnectMin{250};
constexpr std::chrono::milliseconds kReconnectMax{8'000};
constexpr int kLocalConnectionsMax = 64;
// Of one key, that have spoken.
constexpr int kLocalConnectionsPerKeyMax = 16;
constexpr std::size_t kAuditPageBytes = 2U << 20U;
constexpr milliseconds kIdleWait{100};
constexpr milliseconds kFeedWait{20};  // Until somebody has read, or is cut.

Now now() {
  return {.steady = os::steady_now(), .unix_us = os::unix_us()};
}

// As long as a handshake may take (io/zmq), and some more; and, where the link is up, three pings.
constexpr std::chrono::seconds kLinkSilentMax{15};

std::uint16_t random_16() {
  const std::string random = os::random_bytes(2);
  return static_cast<std::uint16_t>((static_cast<std::uint8_t>(random[0]) << 8U) |
                                    static_cast<std::uint8_t>(random[1]));
}

std::string_view phase_word(LinkPhase phase) {
  switch (phase) {
    case LinkPhase::kDown:
      return "down";
    case LinkPhase::kGreeting:
      return "greeting";
    case LinkPhase::kUp:
      return "up";
    case LinkPhase::kForeign:
    case LinkPhase::kAlarm:
      return "alarm";
  }
  return "";
}

}  // namespace

Server::Server(Config config, daemon::AdminSocket admin, std::unique_ptr<Engine> engine)
    : config_(std::move(config)),
      engine_(std::move(engine)),
      disk_(config_.store),
      backoff_(kReconnectMin, kReconnectMax),
      backup_(config_.store),
      context_(std::move(admin.context)),
      admin_(std::move(admin.router)) {}

Result<std::unique_ptr<Server>> Server::start(const Config& config,
                                              const daemon::StartOptions& options) {
  CHANCERY_TRY(crypto::PrivateKey signing_key,
               daemon::read_private_key(config.signing_key, crypto::Algorithm::kEd25519));
  CHANCERY_TRY(std::unique_ptr<crypto::Signer> witness, daemon::read_signer_if(config.witness_key));
  CHANCERY_TRY(const crypto::PrivateKey transport_key,
               daemon::read_private_key(config.transport_key, crypto::Algorithm::kX25519));
  CHANCERY_TRY(const crypto::PrivateKey local_key,
               daemon::read_private_key(config.local_key, crypto::Algorithm::kX25519));
  CHANCERY_TRY(std::vector<crypto::PrivateKey> sealing_keys,
               daemon::read_private_keys(config.sealing_keys, crypto::Algorithm::kX25519));
  CHANCERY_TRY(daemon::AdminSocket admin, daemon::take_admin_socket(config.admin));
  CHANCERY_TRY(std::unique_ptr<NodeStore> store,
               NodeStore::open(config.store, config.genesis, config.member, StoreUse::kOwn));
  if (!options.trust_clock) {
    CHANCERY_TRY(const std::uint64_t stored_ms, store->clock_seen_ms());
    CHANCERY_TRY_VOID(daemon::require_clock(stored_ms, os::unix_ms()));
  }
  CHANCERY_TRY(
      std::unique_ptr<Engine> engine,
      Engine::start({.member = config.member,
                     .program = "chancery-node " + std::string(kVersion),
                     .applications = config.applications,
                     .local = {},
                     .disk = config.disk,
                     .overdue = config.overdue,
                     .batch_size_max = config.batch_size_max},
                    std::move(store), std::make_unique<crypto::KeySigner>(std::move(signing_key)),
                    exchange::Opener(std::move(sealing_keys)), os::random_bytes,
                    std::move(witness)));
  auto server = std::unique_ptr<Server>(new Server(config, std::move(admin), std::move(engine)));
  CHANCERY_TRY_VOID(server->open_sockets(transport_key, local_key));
  CHANCERY_TRY(server->vitals_, daemon::Vitals::start(config.http, vitals_program()));
  CHANCERY_TRY(server->http_witness_, HttpWitness::start(config.witness));
  server->hooks_ = std::make_unique<Hooks>(
      HookOrigin{.genesis = config.genesis, .member = config.member}, config.hooks);
  return server;
}

Result<void> Server::open_sockets(const crypto::PrivateKey& transport_key,
                                  const crypto::PrivateKey& local_key) {
  CHANCERY_TRY(zmq::ZapHandler zap, zmq::ZapHandler::start(*context_));
  zap_ = std::make_unique<zmq::ZapHandler>(std::move(zap));
  admit_applications();
  CHANCERY_TRY(zmq::Router local,
               zmq::bind_proved(*context_,
                                {.endpoint = config_.local,
                                 .secret = daemon::curve_pair(local_key).secret,
                                 .zap_domain = std::string(kZapDomain),
                                 .frame_bytes_max = exchange::kRequestBytesMax,
                                 .leaving_bytes_max = kRepliesLeavingBytesMax,
                                 .connection_count_max = kLocalConnectionsMax,
                                 .waiting_bytes_max = kLocalWaitingBytesMax,
                                 .first_bytes_max = kLocalWaitingBytesMax,
                                 .all_waiting_bytes_max = kAllLocalWaitingBytesMax},
                                daemon::stranger_key()));
  local_ = std::make_unique<zmq::Router>(std::move(local));
  local_key_ = hex(local_key.public_key().raw());
  if (!config_.feed.empty()) {
    CHANCERY_TRY(feed_, Feed::open(*context_, config_.feed, engine_->store()));
  }
  CHANCERY_TRY(zmq::Dealer hub,
               zmq::Dealer::connect(*context_, {.endpoint = config_.hub,
                                                .own = daemon::curve_pair(transport_key),
                                                .server_public = daemon::curve_key(config_.hub_key),
                                                .frame_bytes_max = 2 * exchange::kFrameBytesMax,
                                                .waiting_bytes_max = kHubWaitingBytesMax,
                                                .reconnect_min = kReconnectMin,
                                                .reconnect_max = kReconnectMax}));
  hub_ = std::make_unique<zmq::Dealer>(std::move(hub));
  return {};
}

// By key, not by name: a name may get another key while a connection of the one before is open.
void Server::admit_applications() {
  zmq::AdmissionTable table;
  for (const Application& application : config_.applications) {
    table.emplace(daemon::curve_key(application.key), hex(application.key));
  }
  zap_->allow(std::string(kZapDomain), std::move(table));
}

const Application* Server::application_of(std::string_view user_id) const {
  const Result<Hash> key = hash_from_hex(user_id);
  if (!key.has_value()) {
    return nullptr;
  }
  const auto found = std::ranges::find(config_.applications, *key, &Application::key);
  return found == config_.applications.end() ? nullptr : &*found;
}

Result<daemon::Reloaded> Server::take_over(const Config& fresh) {
  daemon::Reloaded reloaded = daemon::sort_keys(changed_keys(config_, fresh), reloaded_keys());
  if (config_.applications != fresh.applications) {
    CHANCERY_TRY_VOID(
        despite_full_disk([&] { return engine_->set_applications(fresh.applications, now()); }));
    config_.applications = fresh.applications;
    admit_applications();
  }
  config_.disk = fresh.disk;
  engine_->set_disk_marks(fresh.disk);
  if (config_.overdue != fresh.overdue) {
    config_.overdue = fresh.overdue;
    engine_->set_overdue_limits(fresh.overdue);
  }
  config_.hooks = fresh.hooks;
  hooks_->take_over(fresh.hooks);
  return reloaded;
}

Result<bool> Server::take_signals(const daemon::Life<Config>& life) {
  while (const std::optional<int> signal = life.signals.next()) {
    if (*signal != SIGHUP) {
      log::info("stopping", {{"signal", *signal}});
      life.notify.stopping("answering applications");
      return true;
    }
    CHANCERY_TRY_VOID(reload(life));
  }
  return false;
}

Result<daemon::Reloaded> Server::reload(const daemon::Life<Config>& life) {
  return daemon::reload(life, "serving applications",
                        [&](const Config& fresh) { return take_over(fresh); });
}

// One more turn for what has come, then what waits gets what there is. The sockets linger until the
// answers are gone, or 200 ms.
Result<void> Server::drain() {
  CHANCERY_TRY_VOID(turn());
  CHANCERY_TRY_VOID(despite_full_disk([&] { return engine_->release_waiting(now()); }));
  send();
  return {};
}

Result<void> Server::run(const daemon::Life<Config>& life) {
  zmq::Poller poller;
  const auto hub_token = poller.add(*hub_);
  const auto local_token = poller.add(*local_);
  poller.add(*admin_);
  const auto signal_token = poller.add(life.signals.fd());
  log::info("listening", {{"member", config_.member},
                          {"local", local_->endpoint()},
                          {"hub", config_.hub},
                          {"size", engine_->follower().size()}});
  life.notify.ready("serving applications");
  link_news_at_ = os::steady_now();
  strangers_told_ = zap_->counters().refused_count;  // The self-test's own.
  while (true) {
    const bool feed_waits = feed_.has_value() && feed_->waits_for_room();
    CHANCERY_TRY_VOID(poller.wait(feed_waits ? kFeedWait : kIdleWait));
    if (poller.ready(signal_token)) {
      CHANCERY_TRY(const bool stops, take_signals(life));
      if (stops) {
        return drain();
      }
    }
    // While something comes in, turns follow each other without waiting.
    do {
      life.notify.turned(os::steady_now());
      CHANCERY_TRY_VOID(turn());
      CHANCERY_TRY_VOID(daemon::answer_reloads(
          reload_askers_, [&] { return reload(life); },
          [&](const std::string& to, const v1::AdminReply& reply) { send_admin(to, reply); }));
      CHANCERY_TRY_VOID(poller.wait(milliseconds(0)));
    } while ((poller.ready(hub_token) || poller.ready(local_token) || engine_->is_behind() ||
              engine_->is_recording() || backup_.is_running() ||
              (feed_.has_value() && feed_->is_behind())) &&
             !poller.ready(signal_token));
  }
}

Result<void> Server::turn() {
  engine_->disk_has(disk_.free_bytes(), os::steady_now());
  refused_frames_.sweep(os::steady_now());
  Result<void> done = take_turn();
  if (!done.has_value() && done.error().code == ErrorCode::kDiskFull) {
    done = start_over(done.error());
  }
  disk_.tell(engine_->disk());
  return done;
}

// Outside of a turn, for those who wait: what the disk takes no note of is handed out all the same.
Result<void> Server::despite_full_disk(const std::function<Result<void>()>& work) {
  Result<void> done = work();
  if (done.has_value() || done.error().code != ErrorCode::kDiskFull) {
    return done;
  }
  CHANCERY_TRY_VOID(start_over(done.error()));
  return work();
}

// Nothing of the turn was written: what the store has is where it goes on. The sockets stay, and
// the hub is greeted anew.
Result<void> Server::start_over(const Error& why) {
  log::error("starting-over", {{"error", error_info(why.code).name}, {"detail", why.detail}});
  engine_->abandon(why);
  http_answers_.clear();
  send_replies();
  CHANCERY_TRY(engine_, Engine::start_over(std::move(engine_)));
  if (connected_) {
    engine_->connected();
  }
  return {};
}

Result<void> Server::take_turn() {
  take_link_events();
  reconnect_when_due();
  CHANCERY_TRY_VOID(receive_from_hub());
  CHANCERY_TRY_VOID(receive_local());
  warn_of_strangers();
  CHANCERY_TRY_VOID(receive_admin());
  CHANCERY_TRY_VOID(ask_witness());
  tell_vitals();
  CHANCERY_TRY_VOID(engine_->finish_turn(now()));
  send();
  hooks_->see(engine_->overdue());  // Which it has looked for: also one that has started over.
  if (feed_.has_value()) {
    const std::optional<CosignedNote>& cosigned = engine_->cosigned();
    const std::uint64_t cosigned_size = cosigned.has_value() ? cosigned->size : 0;
    CHANCERY_TRY_VOID(feed_->step(engine_->store(), cosigned_size));
    warn_of_subscribers(feed_->publisher().counters());
  }
  answer_entries();
  step_backup();
  return engine_->look_again(now());
}

void Server::take_link_events() {
  while (const std::optional<zmq::LinkEvent> event = hub_->next_event()) {
    connected_ = event->state == zmq::LinkState::kConnected;
    link_news_at_ = os::steady_now();
    switch (event->state) {
      case zmq::LinkState::kConnected:
        log::info("hub-connected", {{"hub", config_.hub}});
        hub_heard_at_ = waking_.now();
        backoff_.succeeded();
        engine_->connected();
        break;
      case zmq::LinkState::kDisconnected:
        log::warn("hub-lost", {{"hub", config_.hub}});
        engine_->disconnected();
        break;
      case zmq::LinkState::kFlooded:
        log::warn("hub-floods",
                  {{"hub", config_.hub},
                   {"bytes_max", kHubWaitingBytesMax},
                   {"remedy", "the hub sends what was not asked for: ask its operator"}});
        break;
      case zmq::LinkState::kRefused:
        refused_frames_.line(link_news_at_, log::Level::kError, "hub-refused", "refused",
                             {{"hub", config_.hub},
                              {"error", error_info(ErrorCode::kUnknownKey).name},
                              {"status", event->status},
                              {"remedy", "enrol this node, or correct transport_key"}});
        engine_->disconnected("the hub refused this node's transport key");
        break;
      case zmq::LinkState::kHandshakeFailed:
        refused_frames_.line(
            link_news_at_, log::Level::kError, "hub-handshake-failed", "handshake",
            {{"hub", config_.hub},
             {"remedy",
              "is the hub at work? does this node come too often, more than once a second? if "
              "neither, compare hub_key with the roster"}});
        engine_->disconnected(
            "the handshake with the hub failed: it stands still, this node came too often, or "
            "hub_key is wrong");
        break;
    }
    if (event->final) {
      reconnect_at_ = os::steady_now() + backoff_.next(random_16());
    }
  }
}

// A handshake that somebody garbled may leave libzmq waiting without a word: after some time
// without a connection the socket is made anew, whatever it was told.
void Server::reconnect_when_due() {
  const SteadyTime now = os::steady_now();
  const WakingClock::Time waking = waking_.turn(now);
  const LinkPhase phase = engine_->link().phase();
  const bool awaits_hub = phase == LinkPhase::kUp || phase == LinkPhase::kGreeting;
  if (connected_ && awaits_hub && waking - hub_heard_at_ >= kLinkSilentMax) {
    log::warn("hub-silent",
              {{"hub", config_.hub}, {"pings_unanswered", engine_->pings_unanswered()}});
    connected_ = false;
    engine_->disconnected("the hub says nothing");
    reconnect_at_ = now;
  }
  const bool silent = !connected_ && now - link_news_at_ >= kLinkSilentMax;
  if (!silent && (!reconnect_at_.has_value() || now < *reconnect_at_)) {
    return;
  }
  if (silent && !reconnect_at_.has_value()) {
    refused_frames_.line(now, log::Level::kWarn, "hub-unreachable", "unreachable",
                         {{"hub", config_.hub},
                          {"remedy",
                           "is the hub at work, is the way to it open, and is it a hub that "
                           "listens there?"}});
    engine_->disconnected("no hub answers at " + config_.hub);
  }
  link_news_at_ = now;
  reconnect_at_.reset();
  if (const Result<void> again = hub_->reconnect(); !again.has_value()) {
    log::warn("hub-reconnect-failed", {{"detail", again.error().to_string()}});
    reconnect_at_ = os::steady_now() + backoff_.next(random_16());
  }
}

Result<void> Server::receive_from_hub() {
  const SteadyTime until = os::steady_now() + kTurnWork;
  for (std::size_t i = 0; i < kReceivedPerTurnMax && os::steady_now() < until; ++i) {
    const std::optional<std::vector<std::string>> frames = hub_->receive();
    if (!frames.has_value()) {
      return {};
    }
    if (frames->size() != 2) {
      refused_frames_.line(os::steady_now(), log::Level::kWarn, "refused-frame", "frame",
                           {{"why", "not topic and message"}});
      continue;
    }
    hub_heard_at_ = waking_.now();
    CHANCERY_TRY_VOID(engine_->receive_from_hub((*frames)[0], (*frames)[1], now()));
  }
  return {};
}

Result<void> Server::receive_local() {
  for (std::size_t i = 0; i < kReceivedPerTurnMax && !engine_->local_api().turn_is_full(); ++i) {
    const std::optional<zmq::Received> received = local_->receive();
    if (!received.has_value()) {
      return {};
    }
    const Application* const application = application_of(received->user_id);
    if (application == nullptr || received->oversized || received->frames.size() != 1) {
      refused_frames_.line(
          os::steady_now(), log::Level::kWarn, "refused-frame", received->user_id,
          {{"application", application == nullptr ? "none any more" : application->name},
           {"key", received->user_id}});
      local_->disconnect(received->routing_id, received->source_fd);
      continue;
    }
    if (is_surplus(*received)) {
      ++surplus_cut_count_;
      refused_frames_.line(
          os::steady_now(), log::Level::kWarn, "connection-cut", application->name,
          {{"application", application->name}, {"why", "too many connections of one key"}});
      local_->disconnect(received->routing_id, received->source_fd);
      continue;
    }
    CHANCERY_TRY_VOID(engine_->receive_local(received->routing_id, application->name,
                                             received->frames.front(), now()));
  }
  return {};
}

// The newest goes, with its frame unread: its client asks again over the next connection.
bool Server::is_surplus(const zmq::Received& received) {
  if (keys_of_connections_.contains(received.routing_id)) {
    return false;
  }
  for (const std::string& gone : local_->take_gone()) {
    keys_of_connections_.erase(gone);
  }
  const auto of_key = [&](const auto& connection) { return connection.second == received.user_id; };
  if (std::ranges::count_if(keys_of_connections_, of_key) >= kLocalConnectionsPerKeyMax) {
    return true;
  }
  keys_of_connections_.emplace(received.routing_id, received.user_id);
  return false;
}

// Keys that are no application's, or none any more.
void Server::warn_of_strangers() {
  const std::uint64_t refused_count = zap_->counters().refused_count;
  if (refused_count == strangers_told_) {
    return;
  }
  strangers_told_ = refused_count;
  refused_frames_.line(os::steady_now(), log::Level::kWarn, "handshakes-refused", "handshakes",
                       {{"error", error_info(ErrorCode::kUnknownKey).name},
                        {"count", refused_count},
                        {"remedy", "chancery app list shows whose keys are known"}});
}

void Server::warn_of_subscribers(const zmq::PublisherCounters& cut) {
  const auto warn = [&](std::uint64_t told, std::uint64_t count, std::string_view sort,
                        std::string_view why, std::string_view remedy) {
    if (told != count) {
      refused_frames_.line(os::steady_now(), log::Level::kWarn, "connection-cut", sort,
                           {{"why", why}, {"count", count}, {"remedy", remedy}});
    }
  };
  warn(subscribers_told_.topics_over_count, cut.topics_over_count, "feed",
       "a subscriber of the feed asked for more topics than it may",
       "have it ask for fewer or shorter ones: a whole origin, or all, and look at the rest");
  warn(subscribers_told_.behind_count, cut.behind_count, "feed-unread",
       "a subscriber of the feed did not read, and others waited for it",
       "have it read at once and work later; what it lost is in the inbox");
  subscribers_told_ = cut;
}

Result<void> Server::receive_admin() {
  for (std::size_t i = 0; i < kReceivedPerTurnMax; ++i) {
    const std::optional<zmq::Received> received = admin_->receive();
    if (!received.has_value()) {
      return {};
    }
    v1::AdminReply reply;
    const auto refuse = [&](const Error& error) { daemon::refuse(reply, error); };
    const auto answer = [&]<class Part>(Part* (v1::AdminReply::*part)(), Result<Part> made) {
      if (made.has_value()) {
        *(reply.*part)() = *std::move(made);
      } else {
        refuse(made.error());
      }
    };
    const Result<v1::AdminRequest> request = exchange::parse_wire<v1::AdminRequest>(
        received->frames.empty() ? "" : received->frames.front(), exchange::Reading::kOpen,
        {.bytes_max = daemon::kAdminFrameBytesMax});
    if (!request.has_value()) {
      refuse(request.error());
    } else if (request->has_status()) {
      CHANCERY_TRY(*reply.mutable_status()->mutable_json(), status_json());
    } else if (request->has_audit_page()) {
      const v1::AuditPageRequest& asked = request->audit_page();
      answer(&v1::AdminReply::mutable_audit_page,
             asked.leaves_only()
                 ? engine_->store().audit_leaves(asked.from_index(), kAuditPageBytes)
                 : engine_->store().audit_page(asked.from_index(), kAuditPageBytes));
    } else if (request->has_prove()) {
      Result<std::string> file = make_evidence(engine_->store(), request->prove());
      if (file.has_value()) {
        *reply.mutable_prove()->mutable_file() = *std::move(file);
      } else {
        refuse(file.error());
      }
    } else if (request->has_thread()) {
      answer(&v1::AdminReply::mutable_thread, show_thread(engine_->store(), request->thread()));
    } else if (request->has_consultation()) {
      answer(&v1::AdminReply::mutable_consultation,
             show_consultations(engine_->store(), request->consultation()));
    } else if (request->has_find()) {
      answer(&v1::AdminReply::mutable_find, engine_->store().find(request->find()));
    } else if (request->has_overdue()) {
      answer(&v1::AdminReply::mutable_overdue, engine_->list_overdue(request->overdue(), now()));
    } else if (request->has_backup()) {
      const Result<void> begun = backup_.begin(
          {.routing_id = received->routing_id, .request_id = request->request_id()},
          request->backup().path(),
          [&](const std::string& path) { return engine_->store().begin_backup(path); });
      if (begun.has_value()) {
        continue;  // Answered when it is done.
      }
      refuse(begun.error());
    } else if (request->has_submit_entry()) {
      const Result<std::string> notice_id =
          engine_->submit_entry(request->submit_entry().envelope(), now());
      if (notice_id.has_value()) {
        entry_askers_.emplace(*notice_id, daemon::Asker{.routing_id = received->routing_id,
                                                        .request_id = request->request_id()});
        continue;  // Answered when the hub has.
      }
      refuse(notice_id.error());
    } else if (request->has_reload()) {
      reload_askers_.push_back(
          {.routing_id = received->routing_id, .request_id = request->request_id()});
      continue;  // Answered when the turn is over.
    } else {
      refuse({ErrorCode::kMalformed, "a request that this node does not serve"});
    }
    reply.set_request_id(request.has_value() ? request->request_id() : 0);
    send_admin(received->routing_id, reply);
  }
  return {};
}

void Server::send_admin(const std::string& routing_id, const v1::AdminReply& reply) {
  if (const Result<void> sent = admin_->send(routing_id, {reply.SerializeAsString()});
      !sent.has_value()) {
    log::debug("admin-unsent", {{"error", sent.error().to_string()}});
  }
}

void Server::answer_entries() {
  for (const Engine::EntryOutcome& outcome : engine_->take_entry_outcomes()) {
    v1::AdminReply reply;
    if (outcome.index.has_value()) {
      reply.mutable_submit_entry()->set_index(*outcome.index);
    } else {
      daemon::refuse(reply, outcome.index.error());
    }
    const auto [first, last] = entry_askers_.equal_range(outcome.notice_id);
    for (auto asker = first; asker != last; ++asker) {
      reply.set_request_id(asker->second.request_id);
      send_admin(asker->second.routing_id, reply);
    }
    entry_askers_.erase(first, last);
  }
}

void Server::step_backup() {
  const auto head = [&] {
    return daemon::LogHead{.size = engine_->follower().size(),
                           .root = engine_->follower().tree().root()};
  };
  const std::optional<daemon::BackupJob::Reply> over =
      backup_.step(head, engine_->disk().marks().routine_free_bytes);
  if (over.has_value()) {
    send_admin(over->routing_id, over->reply);
  }
}

void Server::tell_vitals() {
  if (vitals_->turned(os::steady_now())) {
    vitals_->tell(status_json(), os::steady_now());
  }
}

Result<void> Server::ask_witness() {
  for (std::shared_ptr<HttpWitness::Asked>& asked :
       http_witness_->take(engine_->follower().size())) {
    CHANCERY_TRY(std::optional<WitnessAnswer> answer,
                 engine_->add_checkpoint(asked->request, now()));
    if (answer.has_value()) {
      http_answers_.push_back({.asked = std::move(asked), .answer = *std::move(answer)});
    }
  }
  return {};
}

void Server::send() {
  for (std::string& message : engine_->take_to_hub()) {
    if (const Result<void> sent = hub_->send({std::move(message)}); !sent.has_value()) {
      log::debug("hub-unsent", {{"error", sent.error().to_string()}});
      engine_->unsent(now());  // The link is gone or full.
      break;
    }
  }
  send_replies();
  for (HttpAnswer& each : std::exchange(http_answers_, {})) {
    http_witness_->answer(*each.asked, std::move(each.answer));
  }
}

void Server::send_replies() {
  for (const LocalReply& reply : engine_->take_replies()) {
    if (const Result<void> sent = local_->send(reply.routing_id, {reply.message});
        !sent.has_value()) {
      ++replies_unsent_count_;
      log::debug("reply-unsent", {{"error", sent.error().to_string()}});
    }
  }
}

text::Json Server::queues_json(const OutboxCounts& outbox, const OutboxShare& share,
                               std::uint64_t deferred) {
  const LocalApi& api = engine_->local_api();
  const OutboxShare share_max = api.outbox_share_max(outbox, share);
  const LocalLimits& limits = api.limits();
  const SigningWindow window;
  text::Json queues = {
      {"outbox", daemon::queue_json(
                     {.items = {{outbox.queued + outbox.signed_count, limits.queued_count_max}},
                      .bytes = {{outbox.bytes, limits.queued_bytes_max}},
                      .refused = api.counters().outbox_full_count})},
      {"outbox_share", daemon::queue_json({.items = {{share.count, share_max.count}},
                                           .bytes = {{share.bytes, share_max.bytes}}})},
      {"unacknowledged", daemon::queue_json({.items = {{outbox.signed_count, window.count_max}},
                                             .bytes = {{outbox.signed_bytes, window.bytes_max}}})},
      {"held", daemon::queue_json(
                   {.items = {{engine_->link().held_count(), engine_->link().held_count_max()}},
                    .bytes = {{engine_->link().held_bytes(), engine_->link().held_bytes_max()}}})},
      {"unread", daemon::queue_json({.bytes = {{hub_->waiting_bytes(), kHubWaitingBytesMax}}})},
      {"unread_local", daemon::queue_json({.bytes = {{local_->all_waiting_bytes(),
                                                      local_->all_waiting_bytes_max()}},
                                           .refused = local_->counters().waiting_cut_count})},
      {"leaving", daemon::queue_json({.bytes = {{local_->leaving().bytes, kRepliesLeavingBytesMax}},
                                      .refused = replies_unsent_count_})},
      {"waiters", daemon::queue_json({.items = {{api.waiter_count(), limits.waiter_count_max}},
                                      .bytes = {{api.waiter_bytes(), limits.waiter_bytes_max}},
                                      .refused = api.counters().not_waited_count})},
      {"deferred", daemon::queue_json({.items = {{deferred, limits.deferred_count_max}},
                                       .refused = api.counters().deferred_full_count})},
      {"connections",
       daemon::queue_json(
           {.items = {{static_cast<std::uint64_t>(local_->connection_count()),
                       kLocalConnectionsMax}},
            .refused = local_->counters().connection_over_count + surplus_cut_count_})},
      {"admin", daemon::admin_json(*admin_)}};
  if (feed_.has_value()) {
    zmq::Publisher& publisher = feed_->publisher();
    queues["feed"] =
        daemon::queue_json({.bytes = {{publisher.leaving_bytes(), publisher.leaving_bytes_max()}},
                            .refused = publisher.counters().behind_count});
    queues["subscribers"] = daemon::queue_json(
        {.items = {{publisher.connection_count(), publisher.connection_count_max()}},
         .bytes = {{publisher.topic_bytes(), publisher.topic_bytes_max()}},
         .refused =
             publisher.counters().connection_over_count + publisher.counters().topics_over_count});
  }
  return queues;
}

// Of each peer, how far this node stated and compared, and what both ends agree on.
Result<text::Json> Server::pairs_json() {
  text::Json pairs = text::Json::object();
  NodeStore& store = engine_->store();
  CHANCERY_TRY(const std::vector<std::string> peers, store.pairs());
  for (const std::string& peer : peers) {
    CHANCERY_TRY(const exchange::PairCount ours, store.pair_count(peer, PairEnd::kOurs));
    CHANCERY_TRY(const exchange::PairCount theirs, store.pair_count(peer, PairEnd::kTheirs));
    pairs[peer] = {{"stated", ours.size},
                   {"compared", theirs.size},
                   {"received", theirs.received.size()},
                   {"sent", theirs.sent.size()}};
  }
  return pairs;
}

Result<std::string> Server::status_json() {
  NodeStore& store = engine_->store();
  const Link& link = engine_->link();
  const exchange::LogFollower& follower = engine_->follower();
  const std::optional<Error>& alarm = engine_->alarm();
  CHANCERY_TRY(const OutboxCounts outbox, store.outbox_counts());
  CHANCERY_TRY(const OutboxShare share, store.largest_outbox_share());
  CHANCERY_TRY(const std::vector<exchange::Damage> quarantined, store.quarantined());
  CHANCERY_TRY(const IntakeCounts intake, store.intake_counts());
  CHANCERY_TRY(const NodeStore::DeferredCounts deferred, store.deferred_counts());
  text::Json json;
  json["program"] = "chancery-node";
  json["version"] = kVersion;
  json["member"] = config_.member;
  json["node"] = hex(engine_->node_id());
  json["genesis"] = hex(config_.genesis);
  const exchange::Directory& directory = follower.directory();
  if (directory.founded()) {
    json["exchange"] = directory.roster().exchange();
    json["classifications"] = directory.roster().classifications();
    json["members"] = daemon::members_json(directory);
    json["states"] = daemon::states_json(directory);
  }
  json["enrolled"] = directory.founded() && directory.active_node(engine_->node_id()) != nullptr;
  json["local"] = {{"endpoint", local_->endpoint()}, {"key", local_key_}};
  json["hub"] = {{"endpoint", config_.hub},        {"link", phase_word(link.phase())},
                 {"size", link.hub_size()},        {"damaged", engine_->waits_for_hub()},
                 {"pace", engine_->uplink_pace()}, {"fault", engine_->last_fault()}};
  json["log"] = {{"size", follower.size()},
                 {"root", hex(follower.tree().root())},
                 {"directory", hex(directory.root())},
                 {"accepted_at_ms", follower.accepted_at_ms()}};
  const std::optional<CosignedNote>& cosigned = engine_->cosigned();
  json["cosigned"] = daemon::cosigned_json(cosigned.has_value() ? cosigned->size : 0,
                                           cosigned.has_value() ? cosigned->time_s : 0);
  json["cosigned"]["root"] = cosigned.has_value() ? hex(cosigned->root) : std::string();
  CHANCERY_TRY(json["abandoned"], store.abandoned_count());
  const std::optional<Error>& fault = engine_->witness_fault();
  const HttpWitness::Counters outside = http_witness_->counters();
  json["witness"] = {
      {"active", engine_->is_witness()},
      {"size", store.witness_state().value_or(WitnessState{}).tree.size},
      {"fault", fault.has_value() ? std::string(error_info(fault->code).name) + ": " + fault->detail
                                  : std::string()},
      {"outside",
       {{"listen", config_.witness},
        {"answered", outside.answered_count},
        {"cosigned", outside.cosigned_count}}}};
  json["cursor"] = link.position().cursors.patient;
  json["cursor_urgent"] = link.position().cursors.urgent;
  json["outbox"] = {{"queued", outbox.queued},        {"aside", outbox.aside},
                    {"signed", outbox.signed_count},  {"logged", outbox.logged},
                    {"refused", outbox.refused},      {"undelivered", outbox.undelivered},
                    {"statements", outbox.statements}};
  json["inbox"] = {{"shown", intake.shown},
                   {"void", intake.void_count},
                   {"unopenable", intake.unopenable},
                   {"garbled", intake.garbled},
                   {"erased", intake.erased}};
  CHANCERY_TRY(json["pairs"], pairs_json());
  json["disputes"] = text::Json::array();
  for (const auto& [peer, error] : engine_->disputes()) {
    json["disputes"].push_back(
        {{"peer", peer}, {"error", error_info(error.code).name}, {"detail", error.detail}});
  }
  json["overdue"] = text::Json::array();
  for (const Overdue& each : engine_->overdue()) {
    json["overdue"].push_back({{"what", each.what},
                               {"peer", each.peer},
                               {"urgent", each.lane == exchange::Lane::kUrgent},
                               {"since_ms", each.since_ms},
                               {"detail", each.detail}});
  }
  json["hooks"] = hooks_->status_json();
  json["given_back"] = {{"waiting", deferred.waiting}, {"quarantined", deferred.quarantined}};
  json["queues"] = queues_json(outbox, share, deferred.most_of_one);
  json["backup"] = backup_.progress();
  json["quarantine"] = daemon::quarantine_json(quarantined);
  json["scrub"] = {{"passes", engine_->scrub_pass_count()}};
  json["quotas"] = text::Json::object();
  for (const Application& application : config_.applications) {
    const auto& refused = engine_->local_api().counters().quota_count;
    const auto found = refused.find(application.name);
    json["quotas"][application.name] = {{"refused", found == refused.end() ? 0 : found->second}};
  }
  json["disk"] = daemon::disk_json(engine_->disk());
  json["alarm"] = alarm.has_value() ? text::Json{{"error", error_info(alarm->code).name},
                                                 {"detail", alarm->detail}}
                                    : text::Json(nullptr);
  return text::dump(json);
}

}  // namespace chancery::node
