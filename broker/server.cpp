#include "broker/server.h"

#include <algorithm>
#include <csignal>
#include <utility>

#include "broker/check.h"
#include "broker/metrics.h"
#include "broker/store/sqlite_hub_store.h"
#include "chancery/v1/local.pb.h"
#include "core/base/encoding.h"
#include "core/base/version.h"
#include "core/crypto/secret.h"
#include "core/exchange/limits.h"
#include "core/exchange/strict.h"
#include "daemon/keys.h"
#include "daemon/members.h"
#include "daemon/quarantine.h"
#include "daemon/queue_json.h"
#include "io/log/log.h"
#include "io/os/clock.h"
#include "io/os/random.h"
#include "io/text/json.h"
#include "io/zmq/plain_router.h"
#include "io/zmq/self_test.h"

namespace chancery::broker {
namespace {

constexpr std::string_view kZapDomain = "hub";
constexpr std::size_t kPeersMax = 4096;  // Connections remembered; the oldest is forgotten.
constexpr std::size_t kReceivedPerTurnMax = 512;
constexpr std::size_t kReceivedBytesPerTurnMax = 4U << 20U;  // Then others get their turn.
// Of one connection, inside libzmq, while the loop is elsewhere. A node has at most 8 MiB
// unanswered (node/core/stamping.h) and a frame or two besides.
constexpr std::size_t kWaitingBytesMax = 16U << 20U;
// Of all connections: nodes hand in what the hub answers in a second, and keep the rest.
constexpr std::size_t kAllWaitingBytesMax = 32U << 20U;
// Before its first frame: a Hello and its handshake are far below.
constexpr std::size_t kFirstBytesMax = 64U << 10U;
// Of one transport key, which may send frames on each connection before the first is read.
constexpr Rate kHandshakes{.per_second = 1, .burst = 8};
// Connections that spoke, of one transport key: a node needs one, and for a moment another, while
// the hub has not noticed the end of the one before.
constexpr std::size_t kConnectionsPerKeyMax = 4;
constexpr int kConnectionsMax = 512;
constexpr std::uint64_t kToldEveryMs = 1000;
constexpr int kFramesLeavingMax = 128;  // To one connection, inside libzmq.
// To all of them, and this, not its credits, bounds what a node costs that asks and does not read.
constexpr std::size_t kBytesLeavingMax = 32U << 20U;
constexpr std::size_t kBytesForNews = 8U << 20U;  // Of these, not for pages: what all are told.
constexpr std::size_t kAuditPageBytes = 2U << 20U;
constexpr std::chrono::milliseconds kIdleWait{100};
constexpr std::chrono::milliseconds kHeldWait{5};
constexpr std::chrono::milliseconds kDrainQuiet{50};
constexpr std::chrono::milliseconds kDrainMax{1000};

// The file is needed until the log has its last entry: a crash may have cut the founding short.
Result<void> found(const Config& config, Engine& engine) {
  const std::uint64_t size = engine.hub().sequencer().tree().size();
  const Result<v1::FoundingFile> founding = read_founding(config.founding);
  if (!founding.has_value()) {
    const bool may_be_gone = size > 0 && founding.error().code == ErrorCode::kFileMissing;
    return may_be_gone ? Result<void>() : std::unexpected(founding.error());
  }
  return size < static_cast<std::uint64_t>(founding->entries_size())
             ? engine.found(*founding, config.founding, os::unix_ms())
             : Result<void>();
}

}  // namespace

Server::Server(Config config, daemon::AdminSocket admin, std::unique_ptr<Engine> engine)
    : config_(std::move(config)),
      engine_(std::move(engine)),
      hub_(engine_->hub()),
      disk_(config_.store),
      context_(std::move(admin.context)),
      admin_(std::move(admin.router)),
      peers_(kPeersMax),
      backup_(config_.store) {}

Result<std::unique_ptr<Server>> Server::start(const Config& config,
                                              const daemon::StartOptions& options) {
  CHANCERY_TRY(LogSigners log_signers, read_log_signers(config));
  CHANCERY_TRY(const crypto::PrivateKey transport_key,
               daemon::read_private_key(config.transport_key, crypto::Algorithm::kX25519));
  CHANCERY_TRY(daemon::AdminSocket admin, daemon::take_admin_socket(config.admin));
  CHANCERY_TRY(std::unique_ptr<HubStore> store,
               open_sqlite_hub_store(config.store, config.genesis, StoreUse::kOwn));
  if (!options.trust_clock) {
    CHANCERY_TRY(const std::uint64_t stored_ms, store->accepted_at_ms());
    CHANCERY_TRY_VOID(daemon::require_clock(stored_ms, os::unix_ms()));
  }
  CHANCERY_TRY(std::unique_ptr<Engine> engine,
               Engine::start({.program = "chancery-broker " + std::string(kVersion),
                              .admission = {.disk = config.disk},
                              .window = {},
                              .quota = config.quota,
                              .clocks = {.cpu = os::thread_cpu, .steady = os::steady_now}},
                             std::move(store), std::move(log_signers)));
  const Sequencer& sequencer = engine->hub().sequencer();
  CHANCERY_TRY_VOID(found(config, *engine));
  CHANCERY_TRY_VOID(require_own_keys(config, sequencer.directory(), engine->log_keys(),
                                     transport_key.public_key()));
  CHANCERY_TRY_VOID(engine->sign_missing_checkpoints());
  auto server = std::unique_ptr<Server>(new Server(config, std::move(admin), std::move(engine)));
  CHANCERY_TRY_VOID(server->listen(transport_key));
  CHANCERY_TRY(server->vitals_, daemon::Vitals::start(config.http, vitals_program()));
  return server;
}

// The ZAP handler first, then the proof that a stranger is refused, then the socket for all.
Result<void> Server::listen(const crypto::PrivateKey& transport_key) {
  CHANCERY_TRY(zmq::ZapHandler zap, zmq::ZapHandler::start(*context_));
  zap_ = std::make_unique<zmq::ZapHandler>(std::move(zap));
  admit_nodes();
  CHANCERY_TRY(zmq::Router router,
               zmq::bind_proved(*context_,
                                {.endpoint = config_.listen,
                                 .secret = daemon::curve_pair(transport_key).secret,
                                 .zap_domain = std::string(kZapDomain),
                                 .frame_bytes_max = exchange::kUpFrameBytesMax,
                                 .send_count_max = kFramesLeavingMax,
                                 .leaving_bytes_max = kBytesLeavingMax,
                                 .connection_count_max = kConnectionsMax,
                                 .waiting_bytes_max = kWaitingBytesMax,
                                 .first_bytes_max = kFirstBytesMax,
                                 .all_waiting_bytes_max = kAllWaitingBytesMax},
                                daemon::stranger_key()));
  router_ = std::make_unique<zmq::Router>(std::move(router));
  return {};
}

// The table of who may connect is the directory of now. Whoever is no longer in it loses a live
// connection, too.
void Server::admit_nodes() {
  const exchange::Directory& directory = hub_.sequencer().directory();
  zmq::AdmissionTable table;
  for (const exchange::NodeInfo* const node : directory.active_nodes()) {
    if (!directory.revoked(node->transport_key.id())) {
      table.emplace(daemon::curve_key(node->transport_key.raw()), hex(node->transport_key.id()));
    }
  }
  zap_->allow(std::string(kZapDomain), std::move(table), kHandshakes);
  std::vector<PeerHandle> unknown;
  for (const auto& [handle, peer] : peers_.all()) {
    if (directory.node_of_transport_key(peer.transport_key_id) == nullptr) {
      unknown.push_back(handle);
    }
  }
  for (const PeerHandle handle : unknown) {
    cut(handle, "no longer enrolled");
  }
}

void Server::cut(PeerHandle handle, std::string_view why) {
  const Peer* const peer = peers_.find(handle);
  if (peer == nullptr) {
    return;
  }
  const std::string key = hex(peer->transport_key_id);
  refused_frames_.line(os::steady_now(), log::Level::kWarn, "connection-cut",
                       key + " " + std::string(why), {{"transport_key", key}, {"why", why}});
  router_->disconnect(peer->routing_id, peer->descriptor);
  forget(handle);
}

// The newest has just spoken, and may be about to say hello: the oldest goes, but for the
// session's.
void Server::cut_surplus(const Hash& transport_key_id) {
  const std::vector<PeerHandle> of_key = peers_.with_key(transport_key_id);
  if (of_key.size() <= kConnectionsPerKeyMax) {
    return;
  }
  const auto oldest =
      std::ranges::find_if(of_key, [&](PeerHandle handle) { return !hub_.has_session(handle); });
  if (oldest != of_key.end()) {
    ++counters_.surplus_cut_count;
    cut(*oldest, "too many connections of one key");
  }
}

// Whether a counter moved since it was told, and not just now.
bool Server::is_news(Told& told, std::uint64_t count) {
  const std::uint64_t now_ms = os::unix_ms();
  // A clock that was set back must not silence it.
  const bool just_now = now_ms >= told.at_ms && now_ms - told.at_ms < kToldEveryMs;
  if (count == told.count || just_now) {
    return false;
  }
  told = {.count = count, .at_ms = now_ms};
  return true;
}

void Server::warn_of_strangers() {
  const std::uint64_t refused_count = zap_->counters().refused_count;
  if (is_news(refusals_told_, refused_count)) {
    log::warn("handshakes-refused", {{"error", error_info(ErrorCode::kUnknownKey).name},
                                     {"count", refused_count},
                                     {"remedy", error_info(ErrorCode::kUnknownKey).remedy}});
  }
}

void Server::warn_of_cuts() {
  const zmq::RouterCounters& counters = router_->counters();
  const std::uint64_t too_often_count = zap_->counters().too_often_count;
  if (!is_news(cuts_told_,
               counters.connection_over_count + counters.waiting_cut_count + too_often_count)) {
    return;
  }
  log::warn("connections-cut",
            {{"over_limit", counters.connection_over_count},
             {"undelivered", counters.waiting_cut_count},
             {"too_often", too_often_count},
             {"connections", router_->connection_count()},
             {"remedy",
              "find the addresses with many connections to this port (ss -tn) and keep them out "
              "by firewall; revoke the node whose key makes them. A node that is started again and "
              "again comes too often as well"}});
}

Result<daemon::Reloaded> Server::take_over(const Config& now) {
  daemon::Reloaded reloaded = daemon::sort_keys(changed_keys(config_, now), reloaded_keys());
  if (config_.quota != now.quota) {
    hub_.quotas().set_limits(now.quota);
    config_.quota = now.quota;
  }
  config_.disk = now.disk;
  engine_->set_disk_marks(now.disk);
  return reloaded;
}

Result<bool> Server::take_signals(const daemon::Life<Config>& life) {
  while (const std::optional<int> signal = life.signals.next()) {
    if (*signal != SIGHUP) {
      log::info("stopping", {{"signal", *signal}});
      life.notify.stopping("answering what was received");
      return true;
    }
    CHANCERY_TRY_VOID(reload(life));
  }
  return false;
}

Result<daemon::Reloaded> Server::reload(const daemon::Life<Config>& life) {
  return daemon::reload(life, "serving nodes", [&](const Config& now) { return take_over(now); });
}

// What nodes sent before the end is sequenced and answered, until nothing comes for kDrainQuiet;
// what comes later they send again. The sockets linger until the answers are gone, or 200 ms.
Result<void> Server::drain(zmq::Poller& poller, zmq::Poller::Token router_token) {
  const auto end = os::steady_now() + kDrainMax;
  while (true) {
    CHANCERY_TRY_VOID(poller.wait(kDrainQuiet));
    const bool quiet = !poller.ready(router_token) || os::steady_now() >= end;
    receive();
    hub_.holds_no_more();
    do {
      CHANCERY_TRY_VOID(sequence());
    } while (hub_.has_work());
    serve_reads();
    send_outgoing();
    if (quiet) {
      return engine_->flush();
    }
  }
}

void Server::tell_drained() {
  const ledger::CompactTree& tree = hub_.sequencer().tree();
  v1::AdminReply reply;
  reply.mutable_drain()->set_size(tree.size());
  reply.mutable_drain()->set_root(to_string(tree.root()));
  for (const daemon::Asker& asker : drain_askers_) {
    reply.set_request_id(asker.request_id);
    send_admin(asker.routing_id, reply);
  }
}

Result<void> Server::run(const daemon::Life<Config>& life) {
  zmq::Poller poller;
  const auto router_token = poller.add(*router_);
  poller.add(*admin_);
  const auto signal_token = poller.add(life.signals.fd());
  log::info("ready", {{"listen", router_->endpoint()},
                      {"size", hub_.sequencer().tree().size()},
                      {"genesis", hex(config_.genesis)}});
  engine_->tell_admission();
  life.notify.ready("serving nodes");
  refusals_told_.count = zap_->counters().refused_count;  // The self-test's own.
  bool busy = false;
  bool quiet = true;  // Not even something patient waits for what is urgent.
  while (true) {
    CHANCERY_TRY_VOID(poller.wait(busy    ? std::chrono::milliseconds(0)
                                  : quiet ? kIdleWait
                                          : kHeldWait));
    life.notify.turned(os::steady_now());
    if (poller.ready(signal_token)) {
      CHANCERY_TRY(const bool stops, take_signals(life));
      if (stops) {
        return drain(poller, router_token);
      }
    }
    if (!drain_askers_.empty()) {
      log::info("stopping", {{"asked", "drain"}});
      life.notify.stopping("answering what was received");
      CHANCERY_TRY_VOID(drain(poller, router_token));
      tell_drained();
      return {};
    }
    engine_->disk_has(disk_.free_bytes(), os::steady_now());
    cut_ended();
    receive();
    refused_frames_.sweep(os::steady_now());
    warn_of_cuts();
    warn_of_strangers();
    receive_admin();
    tell_vitals();
    CHANCERY_TRY_VOID(sequence());
    serve_reads();
    CHANCERY_TRY_VOID(engine_->run_rounds(os::steady_now()));
    send_outgoing();
    CHANCERY_TRY_VOID(step_backup());
    CHANCERY_TRY_VOID(daemon::answer_reloads(
        reload_askers_, [&] { return reload(life); },
        [&](const std::string& to, const v1::AdminReply& reply) { send_admin(to, reply); }));
    CHANCERY_TRY_VOID(engine_->look_again(quiet, os::steady_now(), os::unix_ms()));
    disk_.tell(engine_->disk());
    busy = hub_.has_work() || poller.ready(router_token) || backup_.is_running();
    quiet = !busy && !hub_.holds_patient();
    if (quiet) {
      CHANCERY_TRY_VOID(engine_->flush_when_due());
    }
    CHANCERY_TRY_VOID(engine_->retain(quiet, os::steady_now(), os::unix_ms()));
  }
}

PeerHandle Server::meet(const zmq::Received& received, const Hash& transport_key_id) {
  const Peers::Met met = peers_.meet({.routing_id = received.routing_id,
                                      .transport_key_id = transport_key_id,
                                      .descriptor = received.source_fd});
  for (const PeerHandle gone : met.forgotten) {
    hub_.disconnected(gone);
  }
  if (met.is_new) {
    cut_surplus(transport_key_id);
  }
  return met.handle;
}

void Server::forget(PeerHandle handle) {
  hub_.disconnected(handle);
  peers_.forget(handle);
}

void Server::refuse_frame(const std::string& who, std::string_view why, std::string_view detail) {
  refused_frames_.line(os::steady_now(), log::Level::kWarn, "refused-frame",
                       who + " " + std::string(why),
                       {{"transport_key", who}, {"error", why}, {"detail", detail}});
}

void Server::receive() {
  const During parsing(engine_->stages(), Stage::kParse);
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < kReceivedPerTurnMax && bytes < kReceivedBytesPerTurnMax; ++i) {
    const std::optional<zmq::Received> received = router_->receive();
    take_gone();
    if (!received.has_value()) {
      return;
    }
    const Result<Hash> key_id = transport_key_of(received->user_id);
    if (!key_id.has_value()) {
      ++counters_.unidentified_count;
      refuse_frame("", error_info(key_id.error().code).name, received->peer_address);
      continue;
    }
    if (received->oversized || received->frames.size() != 1) {
      refuse_frame(received->user_id, "not one frame");
      router_->disconnect(received->routing_id, received->source_fd);
      continue;
    }
    bytes += received->frames.front().size();
    const PeerHandle handle = meet(*received, *key_id);
    const Result<void> served = engine_->receive(handle, *key_id, received->frames.front());
    if (!served.has_value()) {
      refuse_frame(received->user_id, error_info(served.error().code).name, served.error().detail);
      if (served.error().code == ErrorCode::kUnknownMember) {
        cut(handle, "no longer enrolled");
      }
    }
    cut_ended();
  }
}

void Server::cut_ended() {
  for (const PeerHandle ended : hub_.take_ended()) {
    cut(ended, "its session ended: the node connected anew, or said nothing for long");
  }
}

// Before the first word of a connection that came after: a node that was started anew gets its
// place at once. What such a connection had said before it ended may still be read, so its handle
// stays.
void Server::take_gone() {
  for (const std::string& routing_id : router_->take_gone()) {
    if (const std::optional<PeerHandle> known = peers_.with_routing_id(routing_id)) {
      hub_.disconnected(*known);
    }
  }
}

Result<void> Server::sequence() {
  CHANCERY_TRY(const Sequenced sequenced, engine_->sequence(os::unix_ms()));
  if (sequenced.directory_changed) {
    admit_nodes();
  }
  settle_admin(sequenced.outcomes);
  return {};
}

void Server::serve_reads() {
  const auto has_room = [this](PeerHandle handle) {
    const Peer* const peer = peers_.find(handle);
    return peer == nullptr ||
           router_->has_room(peer->routing_id,
                             exchange::kFrameBytesTarget + hub_.outgoing_bytes() + kBytesForNews);
  };
  engine_->serve_reads(has_room, [this] { send_outgoing(); });
}

void Server::send_outgoing() {
  const During sending(engine_->stages(), Stage::kSend);
  for (Outgoing& outgoing : engine_->take_outgoing()) {
    const Peer* const peer = peers_.find(outgoing.peer);
    if (peer == nullptr) {
      continue;
    }
    std::vector<std::string> frames;
    frames.push_back(std::move(outgoing.topic));
    frames.push_back(std::move(outgoing.message));
    const Result<void> sent = router_->send(peer->routing_id, std::move(frames));
    if (!sent.has_value()) {
      ++counters_.unsent_count;
      if (sent.error().code == ErrorCode::kNotFound) {
        forget(outgoing.peer);
      } else {
        hub_.unsent(outgoing.peer, outgoing.place);
      }
    }
  }
}

void Server::receive_admin() {
  for (std::size_t i = 0; i < kReceivedPerTurnMax; ++i) {
    const std::optional<zmq::Received> received = admin_->receive();
    if (!received.has_value()) {
      return;
    }
    if (received->frames.size() == 1) {
      answer_admin(received->routing_id, received->frames.front());
    }
  }
}

void Server::answer_admin(const std::string& routing_id, std::string_view frame) {
  v1::AdminReply reply;
  const auto fail_with = [&](const Error& error) { daemon::refuse(reply, error); };
  const Result<v1::AdminRequest> request = exchange::parse_wire<v1::AdminRequest>(
      frame, exchange::Reading::kOpen, {.bytes_max = daemon::kAdminFrameBytesMax});
  if (!request.has_value()) {
    fail_with(request.error());
  } else if (request->has_status()) {
    if (Result<std::string> json = status_json(); json.has_value()) {
      reply.mutable_status()->set_json(std::move(*json));
    } else {
      fail_with(json.error());
    }
  } else if (request->has_audit_page()) {
    const v1::AuditPageRequest& asked = request->audit_page();
    Result<v1::AuditPageReply> page =
        asked.leaves_only() ? engine_->store().audit_leaves(asked.from_index(), kAuditPageBytes)
                            : engine_->store().audit_page(asked.from_index(), kAuditPageBytes);
    if (page.has_value()) {
      *reply.mutable_audit_page() = std::move(*page);
    } else {
      fail_with(page.error());
    }
  } else if (request->has_backup()) {
    const Result<void> begun = backup_.begin(
        {.routing_id = routing_id, .request_id = request->request_id()}, request->backup().path(),
        [&](const std::string& path) { return engine_->store().begin_backup(path); });
    if (begun.has_value()) {
      return;  // Answered when it is done.
    }
    fail_with(begun.error());
  } else if (request->has_submit_entry()) {
    const std::string& bytes = request->submit_entry().envelope();
    const Result<exchange::Envelope> envelope = exchange::parse_envelope(bytes, config_.genesis);
    const Result<void> offered = envelope.has_value()
                                     ? hub_.sequencer().offer(0, std::nullopt, bytes)
                                     : Result<void>(std::unexpected(envelope.error()));
    if (offered.has_value()) {
      pending_admin_.push_back({routing_id, request->request_id(), envelope->draft.notice_id()});
      return;  // Answered when it is sequenced.
    }
    fail_with(offered.error());
  } else if (request->has_drain()) {
    drain_askers_.push_back({.routing_id = routing_id, .request_id = request->request_id()});
    return;  // Answered when the log is at its end.
  } else if (request->has_reload()) {
    reload_askers_.push_back({.routing_id = routing_id, .request_id = request->request_id()});
    return;  // Answered when the turn is over.
  } else {
    fail_with({ErrorCode::kMalformed, "a request that this hub does not serve"});
  }
  reply.set_request_id(request.has_value() ? request->request_id() : 0);
  send_admin(routing_id, reply);
}

void Server::send_admin(const std::string& routing_id, const v1::AdminReply& reply) {
  if (!admin_->send(routing_id, {reply.SerializeAsString()}).has_value()) {
    ++counters_.unsent_count;
  }
}

Result<void> Server::step_backup() {
  if (backup_.is_copying()) {
    // The checkpoint of the newest batch waits for the next commit: a copy holds it as well, and
    // verifies up to the size that the reply says.
    CHANCERY_TRY_VOID(engine_->flush());
  }
  const auto head = [&] {
    const ledger::CompactTree& tree = hub_.sequencer().tree();
    return daemon::LogHead{.size = tree.size(), .root = tree.root()};
  };
  const std::optional<daemon::BackupJob::Reply> over =
      backup_.step(head, engine_->disk().marks().routine_free_bytes);
  if (over.has_value()) {
    send_admin(over->routing_id, over->reply);
  }
  return {};
}

void Server::tell_vitals() {
  if (vitals_->turned(os::steady_now())) {
    vitals_->tell(status_json(), os::steady_now());
  }
}

void Server::settle_admin(const std::vector<Outcome>& outcomes) {
  for (const Outcome& outcome : outcomes) {
    const auto pending =
        std::ranges::find(pending_admin_, outcome.notice_id, &PendingAdmin::notice_id);
    if (outcome.peer != 0 || pending == pending_admin_.end()) {
      continue;
    }
    v1::AdminReply reply;
    reply.set_request_id(pending->request_id);
    if (outcome.index.has_value()) {
      reply.mutable_submit_entry()->set_index(*outcome.index);
    } else if (outcome.error.has_value()) {
      daemon::refuse(reply, *outcome.error);
    }
    send_admin(pending->routing_id, reply);
    pending_admin_.erase(pending);
  }
}

text::Json Server::queues_json() const {
  const AdmissionQueue& admission = hub_.sequencer().queue();
  const AdmissionLimits& limits = admission.limits();
  const AdmissionQueue::Waiting share = admission.fullest_share();
  const auto connections = static_cast<std::uint64_t>(router_->connection_count());
  const zmq::LeavingCount leaving = router_->leaving();
  const auto window_json = [this](exchange::Lane lane) {
    const WindowFill fullest = hub_.fullest(lane);
    const WindowLimits& most = hub_.window_limits();
    return daemon::queue_json(
        {.items = {{fullest.items, most.items_max}}, .bytes = {{fullest.bytes, most.bytes_max}}});
  };
  return {
      {"deliveries", window_json(exchange::Lane::kPatient)},
      {"deliveries_urgent", window_json(exchange::Lane::kUrgent)},
      {"leaving",
       daemon::queue_json({.items = {{leaving.messages, kFramesLeavingMax * connections}},
                           .bytes = {{leaving.bytes, kBytesLeavingMax}},
                           .refused = counters_.unsent_count})},
      {"admission", daemon::queue_json({.items = {{admission.count(), limits.count_max}},
                                        .bytes = {{admission.bytes(), limits.bytes_max}},
                                        .refused = admission.full_count()})},
      {"admission_share", daemon::queue_json({.items = {{share.count, limits.member_count_max}},
                                              .bytes = {{share.bytes, limits.member_bytes_max}}})},
      {"directory",
       daemon::queue_json({.items = {{admission.directory_count(), limits.directory_count_max}}})},
      {"unread", daemon::queue_json({.bytes = {{router_->waiting_bytes(), kWaitingBytesMax}},
                                     .refused = router_->counters().waiting_cut_count})},
      {"peers", daemon::queue_json({.items = {{peers_.count(), peers_.count_max()}}})},
      {"connections", daemon::queue_json({.items = {{connections, kConnectionsMax}},
                                          .refused = router_->counters().connection_over_count})},
      {"admin", daemon::admin_json(*admin_)},
      // Each has an envelope in the share of nobody, whose the admin socket is.
      {"admin_waits",
       daemon::queue_json({.items = {{pending_admin_.size(), limits.member_count_max}}})}};
}

Result<std::string> Server::status_json() const {
  CHANCERY_TRY(const std::uint64_t conflict_count, engine_->store().conflict_count());
  CHANCERY_TRY(const std::uint64_t erased_count, engine_->store().erased_count());
  CHANCERY_TRY(const std::vector<exchange::Damage> quarantined, engine_->store().quarantined());
  const Sequencer& sequencer = hub_.sequencer();
  const EngineCounters& engine = engine_->counters();
  text::Json json;
  json["program"] = "chancery-broker";
  json["version"] = kVersion;
  json["exchange"] = sequencer.directory().roster().exchange();
  json["genesis"] = hex(config_.genesis);
  json["listen"] = router_->endpoint();
  json["members"] = daemon::members_json(sequencer.directory());
  json["states"] = daemon::states_json(sequencer.directory());
  json["log"] = {{"size", sequencer.tree().size()},
                 {"root", hex(sequencer.tree().root())},
                 {"directory", hex(sequencer.directory().root())},
                 {"accepted_at_ms", sequencer.accepted_at_ms()}};
  const Rounds& rounds = engine_->rounds();
  const CosignedHead newest = rounds.newest().value_or(CosignedHead{});
  json["cosigned"] = daemon::cosigned_json(newest.head.checkpoint.size, newest.time_s);
  json["cosigned"]["lag"] = rounds.lag();
  json["queues"] = queues_json();
  json["counters"] = {{"accepted", engine.accepted_count},
                      {"refused", engine.refused_count},
                      {"duplicates", engine.duplicate_count},
                      {"commits", engine.commit_count},
                      {"delivered", hub_.delivered_count()},
                      {"unidentified", counters_.unidentified_count},
                      {"unsent", counters_.unsent_count},
                      {"damaged_reads", engine.damaged_read_count},
                      {"restored", engine.restored_count},
                      {"handshakes_refused", zap_->counters().refused_count},
                      {"handshakes_too_often", zap_->counters().too_often_count},
                      {"connections_over", router_->counters().connection_over_count},
                      {"connections_undelivered", router_->counters().waiting_cut_count},
                      {"connections_surplus", counters_.surplus_cut_count}};
  for (std::size_t i = 0; i < kStageNames.size(); ++i) {
    const std::chrono::duration<double, std::milli> used =
        engine_->stages().used(static_cast<Stage>(i));
    json["cpu_ms"][std::string(kStageNames[i])] = used.count();
  }
  json["conflicts"] = conflict_count;
  json["erased"] = erased_count;
  json["backup"] = backup_.progress();
  json["quarantine"] = daemon::quarantine_json(quarantined);
  json["scrub"] = {{"passes", engine_->scrub_pass_count()}};
  json["quotas"] = text::Json::object();
  for (const auto& [member, tally] : hub_.quotas().tallies()) {
    json["quotas"][member] = {{"taken", tally.taken_count}, {"refused", tally.refused_count}};
  }
  json["disk"] = daemon::disk_json(engine_->disk());
  const std::optional<Error>& why = hub_.contradiction();
  json["alarm"] = why.has_value()
                      ? text::Json{{"error", error_info(why->code).name}, {"detail", why->detail}}
                      : text::Json(nullptr);
  const StartProgress start = hub_.start_quorum().progress(sequencer.directory());
  const std::optional<std::chrono::milliseconds> quorum_after = engine_->quorum_after();
  json["admission"] = {
      {"open", !hub_.admits_nothing().has_value()},
      {"needed", start.needed},
      {"met", start.met},
      {"awaited", start.awaited},
      {"after_ms", quorum_after ? text::Json(quorum_after->count()) : text::Json(nullptr)}};
  json["nodes"] = text::Json::array();
  const std::vector<SessionInfo> sessions = hub_.sessions();
  for (const exchange::NodeInfo* const node : sequencer.directory().active_nodes()) {
    const auto session = std::ranges::find(sessions, node->signing_key.id(), &SessionInfo::node);
    text::Json item{{"member", node->member},
                    {"node", hex(node->signing_key.id())},
                    {"connected", session != sessions.end()}};
    if (session != sessions.end()) {
      item["cursor"] = session->cursors.patient;
      item["cursor_urgent"] = session->cursors.urgent;
      item["on_the_way"] = session->bytes_on_the_way.patient;
      item["on_the_way_urgent"] = session->bytes_on_the_way.urgent;
      item["pace"] = session->pace_bytes;
      item["program"] = session->program;
    }
    json["nodes"].push_back(std::move(item));
  }
  return text::dump(json);
}

}  // namespace chancery::broker
