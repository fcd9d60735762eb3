#include "cli/daemon.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <utility>

#include "broker/config.h"
#include "broker/store/sqlite_hub_store.h"
#include "cli/exchange_run.h"
#include "cli/lookup.h"
#include "core/base/encoding.h"
#include "core/exchange/strict.h"
#include "io/os/clock.h"
#include "io/text/json.h"
#include "io/zmq/context.h"
#include "io/zmq/dealer.h"
#include "io/zmq/plain_router.h"
#include "io/zmq/poller.h"
#include "node/config.h"
#include "node/store/consultation.h"
#include "node/store/evidence.h"
#include "node/store/node_store.h"
#include "node/store/thread.h"

namespace chancery::cli {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kFrameBytesMax = 64U << 20U;
constexpr std::size_t kAuditPageBytes = 64U << 10U;
constexpr milliseconds kAnswerMax{10'000};
constexpr milliseconds kStillEvery{500};
constexpr std::string_view kHubName = "hub";

// One connection to an admin socket.
class AdminClient {
 public:
  static Result<std::shared_ptr<AdminClient>> connect(const std::string& path) {
    CHANCERY_TRY(zmq::Context context, zmq::Context::create());
    CHANCERY_TRY(
        zmq::Dealer dealer,
        zmq::connect_plain_dealer(context, {.path = path, .frame_bytes_max = kFrameBytesMax}));
    return std::shared_ptr<AdminClient>(new AdminClient(std::move(context), std::move(dealer)));
  }

  // `still` is asked about twice a second while there is no answer: as long as it is good, the
  // answer is worth waiting for.
  Result<v1::AdminReply> ask(v1::AdminRequest request,
                             const std::function<Result<void>()>& still = nullptr) {
    request.set_request_id(++request_id_);
    const std::string frame = request.SerializeAsString();
    auto end = os::steady_now() + kAnswerMax;
    auto still_at = os::steady_now() + kStillEvery;
    bool sent = false;
    while (os::steady_now() < end) {
      if (!sent) {
        sent = dealer_.send({frame}).has_value();
      }
      if (still && sent && os::steady_now() >= still_at) {
        CHANCERY_TRY_VOID(still());
        still_at = os::steady_now() + kStillEvery;
        end = os::steady_now() + kAnswerMax;
      }
      CHANCERY_TRY_VOID(poller_.wait(milliseconds(sent ? 100 : 5)));
      const auto frames = dealer_.receive();
      if (!frames.has_value() || frames->size() != 1) {
        continue;
      }
      CHANCERY_TRY(v1::AdminReply reply,
                   exchange::parse_wire<v1::AdminReply>(
                       frames->front(), exchange::Reading::kOpen,
                       {.bytes_max = kFrameBytesMax, .element_count_max = 1U << 22U}));
      if (reply.request_id() != request_id_) {
        continue;
      }
      if (reply.has_error()) {
        return fail(error_code_from_wire(reply.error().code()).value_or(ErrorCode::kInternal),
                    reply.error().text());
      }
      return reply;
    }
    return fail(ErrorCode::kNoDaemon, "the daemon did not answer within 10 seconds");
  }

 private:
  AdminClient(zmq::Context context, zmq::Dealer dealer)
      : context_(std::move(context)), dealer_(std::move(dealer)) {
    poller_.add(dealer_);
  }

  zmq::Context context_;
  zmq::Dealer dealer_;
  zmq::Poller poller_;
  std::uint64_t request_id_ = 0;
};

// Null where nothing runs, and the store is free to be read.
Result<std::shared_ptr<AdminClient>> connect_if_running(const DaemonTarget& target) {
  if (target.admin.empty()) {
    return nullptr;
  }
  Result<std::shared_ptr<AdminClient>> client = AdminClient::connect(target.admin);
  if (!client.has_value() && client.error().code == ErrorCode::kNoDaemon) {
    return nullptr;
  }
  return client;
}

Result<std::shared_ptr<node::NodeStore>> read_node_store(const DaemonTarget& target) {
  return node::NodeStore::open(target.store, target.genesis, "", node::StoreUse::kAudit);
}

// Bytes 68 to 71 of an SQLite file say whose it is.
Result<std::uint32_t> application_id(const std::string& path) {
  std::error_code unknown;
  if (std::filesystem::exists(path, unknown) && !std::filesystem::is_regular_file(path, unknown)) {
    return fail(ErrorCode::kFileMissing, path + " is no file; expected the store of a hub or node");
  }
  std::ifstream file(path, std::ios::binary);
  std::string header(72, '\0');
  if (!file.is_open()) {
    return fail(ErrorCode::kFileMissing,
                path + " cannot be opened; expected the store of a hub or node");
  }
  if (!file.read(header.data(), 72)) {
    return fail(ErrorCode::kStoreDamaged, path + " is too short for a store");
  }
  std::uint32_t id = 0;
  for (const std::uint8_t byte : as_bytes(header).subspan(68, 4)) {
    id = (id << 8U) | byte;
  }
  return id;
}

DaemonTarget hub_target(const broker::Config& config) {
  return {.name = std::string(kHubName),
          .admin = config.admin,
          .store = config.store,
          .genesis = config.genesis,
          .is_hub = true};
}

DaemonTarget node_target(const node::Config& config) {
  return {.name = config.member,
          .admin = config.admin,
          .store = config.store,
          .genesis = config.genesis,
          .is_hub = false,
          .member = config.member};
}

std::vector<OwnFault> faults_of(const std::vector<exchange::Damage>& damages) {
  std::vector<OwnFault> faults;
  faults.reserve(damages.size());
  for (const exchange::Damage& damage : damages) {
    faults.push_back({.part = damage.part,
                      .index = damage.index,
                      .code = std::string(error_info(damage.error.code).name),
                      .detail = damage.error.detail});
  }
  return faults;
}

Result<std::vector<OwnFault>> faults_of(broker::HubStore& store) {
  CHANCERY_TRY(const std::vector<exchange::Damage> damages, store.quarantined());
  return faults_of(damages);
}

Result<std::vector<OwnFault>> faults_of(node::NodeStore& store) {
  CHANCERY_TRY(const std::vector<exchange::Damage> damages, store.quarantined());
  std::vector<OwnFault> faults = faults_of(damages);
  CHANCERY_TRY(const node::NodeState state, store.load());
  if (state.alarm.has_value()) {
    faults.insert(faults.begin(), {.part = "alarm",
                                   .code = std::string(error_info(state.alarm->code).name),
                                   .detail = state.alarm->detail});
  }
  return faults;
}

// Of a daemon's status, as docs/reference/cli.md has it.
Result<std::vector<OwnFault>> faults_in(std::string_view status) {
  CHANCERY_TRY(const text::Json json, text::parse_json(status, kStatusDepthMax));
  std::vector<OwnFault> faults;
  if (const text::Json alarm = json.value("alarm", text::Json()); alarm.is_object()) {
    faults.push_back(
        {.part = "alarm", .code = alarm.value("error", ""), .detail = alarm.value("detail", "")});
  }
  const text::Json quarantine = json.value("quarantine", text::Json::object());
  for (const text::Json& record : quarantine.value("records", text::Json::array())) {
    faults.push_back({.part = record.value("part", ""),
                      .index = record.value("index", std::uint64_t{0}),
                      .code = record.value("code", ""),
                      .detail = record.value("detail", "")});
  }
  return faults;
}

// A page that does not lead on would be asked for again and again.
Result<v1::AuditPageReply> leading_on(std::uint64_t from, Result<v1::AuditPageReply> page) {
  if (page.has_value() && page->next_index() != 0 && page->next_index() <= from) {
    return fail(ErrorCode::kStoreDamaged, "after the batches from " + std::to_string(from) +
                                              " on come those from " +
                                              std::to_string(page->next_index()) + " on");
  }
  return page;
}

template <class Store>
AuditSource source_of(const std::shared_ptr<Store>& store, const std::string& member) {
  return {.from = "store",
          .genesis = store->genesis(),
          .member = member,
          .pages =
              [store](std::uint64_t from, v1::AuditPageReply&& used) {
                return leading_on(from, store->audit_page(from, kAuditPageBytes, std::move(used)));
              },
          .leaves =
              [store](std::uint64_t from, v1::AuditPageReply&&) {
                return leading_on(from, store->audit_leaves(from, kAuditPageBytes));
              },
          .check = [store] { return store->check(); },
          .faults = [store] { return faults_of(*store); }};
}

Result<AuditSource> store_source(const DaemonTarget& target) {
  if (target.is_hub) {
    CHANCERY_TRY(
        const std::shared_ptr<broker::HubStore> store,
        broker::open_sqlite_hub_store(target.store, target.genesis, broker::StoreUse::kAudit));
    return source_of(store, "");
  }
  CHANCERY_TRY(const std::shared_ptr<node::NodeStore> store, read_node_store(target));
  return source_of(store, store->member());
}

// What reading the file came to, with what it should have been.
template <class Config>
Result<Config> explained(const DaemonFile& file, Result<Config> read) {
  if (file.exchange.empty()) {
    return expecting(file.is_hub ? "a hub.toml" : "a node.toml", std::move(read));
  }
  if (read.has_value()) {
    return read;
  }
  return std::unexpected(
      explain_missing(file.exchange, file.name, Meant::kDaemon, std::move(read).error()));
}

DaemonFile file_in_exchange(const std::string& exchange, const std::string& name) {
  const std::filesystem::path folder(exchange);
  const bool is_hub = name == kHubName;
  return {
      .path = (is_hub ? folder / "hub" / "hub.toml" : folder / member_folder(name) / "node.toml")
                  .string(),
      .is_hub = is_hub,
      .exchange = exchange,
      .name = name};
}

}  // namespace

Result<DaemonFile> find_daemon_file(const DaemonOptions& options, const Shared& shared,
                                    const Environment& environment) {
  if (!options.hub.empty()) {
    return DaemonFile{.path = options.hub, .is_hub = true};
  }
  if (!options.node.empty()) {
    return DaemonFile{.path = options.node, .is_hub = false};
  }
  if (!shared.exchange.empty() && !options.name.empty()) {
    return file_in_exchange(shared.exchange, options.name);
  }
  CHANCERY_TRY(const Context given, fallback(shared, environment));
  const bool asked = !shared.exchange.empty() || !options.name.empty();
  if (!asked && !given.node.empty()) {
    return DaemonFile{.path = given.node, .is_hub = false};
  }
  if ((!asked || (shared.exchange.empty() && options.name == kHubName)) && !given.hub.empty()) {
    return DaemonFile{.path = given.hub, .is_hub = true};
  }
  const std::string& name = options.name.empty() ? given.member : options.name;
  const std::string& exchange = shared.exchange.empty() ? given.exchange : shared.exchange;
  if (exchange.empty() || name.empty()) {
    return fail(ErrorCode::kUsage,
                given.name.empty() ? "say which daemon: " + options.flags
                                   : "the context '" + given.name + "' does not say which daemon" +
                                         (exchange.empty() ? " of which exchange" : ""));
  }
  return file_in_exchange(exchange, name);
}

Result<node::Config> read_node(const DaemonFile& file) {
  return explained(file, node::read_config(file.path));
}

Result<DaemonTarget> find_daemon(const DaemonOptions& options, const Shared& shared) {
  if (!options.store.empty()) {
    DaemonTarget target{
        .name = options.store, .admin = {}, .store = options.store, .genesis = {}, .is_hub = false};
    if (!options.genesis.empty()) {
      const Result<Hash> genesis = hash_from_hex(options.genesis);
      if (!genesis.has_value()) {
        return fail(ErrorCode::kUsage, "--genesis is 64 hexadecimal digits");
      }
      target.genesis = *genesis;
      if (target.genesis == Hash{}) {
        return fail(ErrorCode::kUsage, "no exchange has a genesis of zeroes");
      }
    }
    CHANCERY_TRY(const std::uint32_t id, application_id(options.store));
    if (id != broker::kHubStoreApplicationId && id != node::kNodeStoreApplicationId) {
      return fail(ErrorCode::kStoreDamaged,
                  options.store + " does not begin as a store of a hub or node does");
    }
    target.is_hub = id == broker::kHubStoreApplicationId;
    return target;
  }
  CHANCERY_TRY(const DaemonFile file, find_daemon_file(options, shared, environment()));
  if (file.is_hub) {
    CHANCERY_TRY(const broker::Config config, explained(file, broker::read_config(file.path)));
    return hub_target(config);
  }
  CHANCERY_TRY(const node::Config config, read_node(file));
  return node_target(config);
}

Result<v1::ReloadReply> ask_reload(const std::string& admin) {
  CHANCERY_TRY(const std::shared_ptr<AdminClient> client, AdminClient::connect(admin));
  v1::AdminRequest request;
  request.mutable_reload();
  CHANCERY_TRY(v1::AdminReply reply, client->ask(std::move(request)));
  return std::move(*reply.mutable_reload());
}

Result<v1::DrainReply> ask_drain(const DaemonTarget& target) {
  CHANCERY_TRY(const std::shared_ptr<AdminClient> client, AdminClient::connect(target.admin));
  v1::AdminRequest request;
  request.mutable_drain();
  CHANCERY_TRY(v1::AdminReply reply, client->ask(std::move(request)));
  return std::move(*reply.mutable_drain());
}

Result<v1::OverdueReply> ask_overdue(const DaemonTarget& target, const v1::OverdueRequest& asked) {
  CHANCERY_TRY(const std::shared_ptr<AdminClient> client, AdminClient::connect(target.admin));
  v1::AdminRequest request;
  *request.mutable_overdue() = asked;
  CHANCERY_TRY(v1::AdminReply reply, client->ask(std::move(request)));
  return std::move(*reply.mutable_overdue());
}

Result<std::uint64_t> ask_entry(const DaemonTarget& target, const std::string& envelope) {
  CHANCERY_TRY(const std::shared_ptr<AdminClient> client, AdminClient::connect(target.admin));
  v1::AdminRequest request;
  request.mutable_submit_entry()->set_envelope(envelope);
  CHANCERY_TRY(const v1::AdminReply reply, client->ask(std::move(request)));
  return reply.submit_entry().index();
}

Result<std::string> ask_status(const DaemonTarget& target) {
  if (target.admin.empty()) {
    return fail(ErrorCode::kUsage, "a store has no status: name a daemon");
  }
  CHANCERY_TRY(const std::shared_ptr<AdminClient> client, AdminClient::connect(target.admin));
  v1::AdminRequest request;
  request.mutable_status();
  CHANCERY_TRY(const v1::AdminReply reply, client->ask(std::move(request)));
  return reply.status().json();
}

Result<v1::BackupReply> ask_backup(
    const DaemonTarget& target, const std::string& path,
    const std::function<void(std::string_view doing, std::uint64_t bytes, std::uint64_t of)>&
        progress) {
  if (target.admin.empty()) {
    return fail(ErrorCode::kUsage, "name a daemon that runs: a store that nobody has is a file");
  }
  CHANCERY_TRY(const std::shared_ptr<AdminClient> client, AdminClient::connect(target.admin));
  v1::AdminRequest request;
  request.mutable_backup()->set_path(path);
  int absent_count = 0;
  const auto still = [&]() -> Result<void> {
    CHANCERY_TRY(const std::string status, ask_status(target));
    CHANCERY_TRY(const text::Json json, text::parse_json(status, kStatusDepthMax));
    const text::Json backup = json.value("backup", text::Json());
    if (backup.is_object()) {
      absent_count = 0;
      progress(backup.value("doing", ""), backup.value("bytes", std::uint64_t{0}),
               backup.value("of", std::uint64_t{0}));
    } else if (++absent_count > 3) {  // Its answer would be here.
      return fail(ErrorCode::kUnknownOutcome, "the daemon was started anew and knows of no backup");
    }
    return {};
  };
  CHANCERY_TRY(const v1::AdminReply reply, client->ask(std::move(request), still));
  return reply.backup();
}

namespace {

AuditPages ask_pages(const std::shared_ptr<AdminClient>& client, bool leaves_only) {
  return [client, leaves_only](std::uint64_t from,
                               v1::AuditPageReply&&) -> Result<v1::AuditPageReply> {
    v1::AdminRequest request;
    request.mutable_audit_page()->set_from_index(from);
    request.mutable_audit_page()->set_leaves_only(leaves_only);
    CHANCERY_TRY(v1::AdminReply reply, client->ask(std::move(request)));
    return leading_on(from, std::move(*reply.mutable_audit_page()));
  };
}

// A node's answer where it runs, else what is read from its store.
template <class Reply>
Result<Reply> ask_or_read(const DaemonTarget& target, v1::AdminRequest request,
                          Reply* (v1::AdminReply::*part)(),
                          const std::function<Result<Reply>(node::NodeStore& store)>& read) {
  CHANCERY_TRY(const std::shared_ptr<AdminClient> client, connect_if_running(target));
  if (client != nullptr) {
    CHANCERY_TRY(v1::AdminReply reply, client->ask(std::move(request)));
    return std::move(*(reply.*part)());
  }
  CHANCERY_TRY(const std::shared_ptr<node::NodeStore> store, read_node_store(target));
  return read(*store);
}

}  // namespace

Result<std::string> notice_prefix(std::string_view digits) {
  Result<std::string> bytes = from_hex(digits);
  if (!bytes.has_value() || bytes->size() < node::kNoticePrefixBytesMin ||
      bytes->size() > Hash{}.size()) {
    return fail(ErrorCode::kUsage,
                "a notice is named by 8 to 64 hexadecimal digits, an even number, of its N");
  }
  return bytes;
}

Result<Proof> ask_proof(const DaemonTarget& target, v1::ProveRequest asked) {
  CHANCERY_TRY(const std::shared_ptr<AdminClient> client, connect_if_running(target));
  if (client != nullptr) {
    v1::AdminRequest request;
    *request.mutable_prove() = std::move(asked);
    CHANCERY_TRY(v1::AdminReply reply, client->ask(std::move(request)));
    return Proof{.file = std::move(*reply.mutable_prove()->mutable_file()),
                 .genesis = target.genesis,
                 .from_daemon = true};
  }
  CHANCERY_TRY(const std::shared_ptr<node::NodeStore> store, read_node_store(target));
  CHANCERY_TRY(std::string file, node::make_evidence(*store, asked));
  return Proof{.file = std::move(file), .genesis = store->genesis()};
}

Result<v1::ConsultationReply> ask_consultations(const DaemonTarget& target,
                                                const v1::ConsultationRequest& asked) {
  v1::AdminRequest request;
  *request.mutable_consultation() = asked;
  return ask_or_read<v1::ConsultationReply>(
      target, std::move(request), &v1::AdminReply::mutable_consultation,
      [&](node::NodeStore& store) { return node::show_consultations(store, asked); });
}

Result<v1::FindReply> ask_find(const DaemonTarget& target, const v1::FindRequest& asked) {
  v1::AdminRequest request;
  *request.mutable_find() = asked;
  return ask_or_read<v1::FindReply>(target, std::move(request), &v1::AdminReply::mutable_find,
                                    [&](node::NodeStore& store) { return store.find(asked); });
}

Result<v1::ThreadReply> ask_thread(const DaemonTarget& target, const v1::ThreadRequest& asked) {
  v1::AdminRequest request;
  *request.mutable_thread() = asked;
  return ask_or_read<v1::ThreadReply>(
      target, std::move(request), &v1::AdminReply::mutable_thread,
      [&](node::NodeStore& store) { return node::show_thread(store, asked); });
}

Result<AuditSource> open_audit(const DaemonTarget& target) {
  CHANCERY_TRY(const std::shared_ptr<AdminClient> client, connect_if_running(target));
  if (client == nullptr) {
    return store_source(target);
  }
  return AuditSource{.from = "running daemon",
                     .genesis = target.genesis,
                     .member = target.member,
                     .pages = ask_pages(client, false),
                     .leaves = ask_pages(client, true),
                     .check = nullptr,
                     .faults = [target]() -> Result<std::vector<OwnFault>> {
                       CHANCERY_TRY(const std::string status, ask_status(target));
                       return faults_in(status);
                     }};
}

}  // namespace chancery::cli
