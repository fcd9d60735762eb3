// The hub as a process: sockets, clock and signals around the engine.
//
// One thread owns everything but the ZAP handler's table and what HTTP is told (daemon/vitals.h).
// Each turn of the loop receives what arrived, sequences what is waiting (commit, then sign, then
// send), serves reads within credits and sends. Nothing leaves the process before the commit that
// it speaks of has returned; where a commit's outcome is unknown, run() ends with the error and the
// process with it. See docs/internals/broker.md.

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "broker/config.h"
#include "broker/core/hub.h"
#include "broker/core/peers.h"
#include "broker/engine/engine.h"
#include "core/base/result.h"
#include "core/crypto/keys.h"
#include "daemon/admin.h"
#include "daemon/backup.h"
#include "daemon/disk_watch.h"
#include "daemon/life.h"
#include "daemon/start.h"
#include "daemon/vitals.h"
#include "io/log/limiter.h"
#include "io/text/json.h"
#include "io/zmq/context.h"
#include "io/zmq/poller.h"
#include "io/zmq/router.h"
#include "io/zmq/zap.h"

namespace chancery::broker {

struct ServerCounters {
  std::uint64_t unidentified_count = 0;  // Frames without User-Id: dropped.
  std::uint64_t unsent_count = 0;        // A peer was gone or slow.
  std::uint64_t surplus_cut_count = 0;   // Connections over kConnectionsPerKeyMax.
};

class Server {
 public:
  // Whether start() would come as far as listening, as far as that can be told without making or
  // changing anything: keys, places, the store, the founding and the roster's keys. In check.cpp.
  [[nodiscard]] static Result<void> check(const Config& config,
                                          const daemon::StartOptions& options);
  // Checks everything in the order of docs/operating/start-up.md before it listens.
  [[nodiscard]] static Result<std::unique_ptr<Server>> start(const Config& config,
                                                             const daemon::StartOptions& options);

  // Until SIGINT or SIGTERM, or an error after which the process must not go on.
  [[nodiscard]] Result<void> run(const daemon::Life<Config>& life);

  [[nodiscard]] Result<std::string> status_json() const;

 private:
  struct PendingAdmin {
    std::string routing_id;
    std::uint64_t request_id = 0;
    std::string notice_id;
  };

  Server(Config config, daemon::AdminSocket admin, std::unique_ptr<Engine> engine);

  Result<void> listen(const crypto::PrivateKey& transport_key);
  void admit_nodes();
  void cut(PeerHandle handle, std::string_view why);
  void cut_ended();
  void cut_surplus(const Hash& transport_key_id);
  struct Told {
    std::uint64_t count = 0;
    std::uint64_t at_ms = 0;
  };
  static bool is_news(Told& told, std::uint64_t count);
  void warn_of_cuts();
  void warn_of_strangers();

  // What of this configuration can be in force without a restart.
  Result<daemon::Reloaded> take_over(const Config& now);
  // Whether a signal said to stop.
  Result<bool> take_signals(const daemon::Life<Config>& life);
  Result<void> drain(zmq::Poller& poller, zmq::Poller::Token router_token);
  void tell_drained();
  void receive();
  void take_gone();
  // A frame that is not served, for this reason; of whom, as far as the transport knows.
  void refuse_frame(const std::string& who, std::string_view why, std::string_view detail = {});
  void receive_admin();
  void answer_admin(const std::string& routing_id, std::string_view frame);
  Result<void> sequence();
  Result<daemon::Reloaded> reload(const daemon::Life<Config>& life);
  void send_admin(const std::string& routing_id, const v1::AdminReply& reply);
  Result<void> step_backup();
  void tell_vitals();
  void settle_admin(const std::vector<Outcome>& outcomes);
  void serve_reads();
  void send_outgoing();
  [[nodiscard]] text::Json queues_json() const;
  PeerHandle meet(const zmq::Received& received, const Hash& transport_key_id);
  void forget(PeerHandle handle);

  Config config_;
  std::unique_ptr<Engine> engine_;
  Hub& hub_;
  daemon::DiskWatch disk_;
  log::Limiter refused_frames_;
  ServerCounters counters_;

  // The context outlives its sockets: order matters.
  std::unique_ptr<zmq::Context> context_;
  std::unique_ptr<zmq::ZapHandler> zap_;
  std::unique_ptr<zmq::Router> router_;
  std::unique_ptr<zmq::Router> admin_;

  Told cuts_told_;
  Told refusals_told_;
  Peers peers_;
  std::vector<PendingAdmin> pending_admin_;
  daemon::BackupJob backup_;
  std::vector<daemon::Asker> reload_askers_;
  std::vector<daemon::Asker> drain_askers_;
  std::unique_ptr<daemon::Vitals> vitals_;
};

}  // namespace chancery::broker
