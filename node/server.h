// The node as a process: the link to the hub, the local API's sockets and signals around the
// engine.
//
// One thread owns everything but the ZAP handler's table, what HTTP is told (daemon/vitals.h) or
// asks (node/http_witness.h), and the attempts of hooks (node/hooks.h).
// Each turn of the loop hands the engine what arrived from the hub and from applications, finishes
// the turn, which commits once, and only then sends: credits, envelopes, answers. Where a commit
// finds no room on the disk, the engine starts over from the store; where it fails otherwise, run()
// ends with the error and the process with it. See docs/internals/node.md.

#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/backoff.h"
#include "core/base/result.h"
#include "core/base/waking_clock.h"
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
#include "io/zmq/dealer.h"
#include "io/zmq/router.h"
#include "io/zmq/zap.h"
#include "node/config.h"
#include "node/engine/engine.h"
#include "node/feed.h"
#include "node/hooks.h"
#include "node/http_witness.h"

namespace chancery::node {

class Server {
 public:
  // Whether start() would come as far as listening, as far as that can be told without making or
  // changing anything: keys, places, the store and the enrolment of its keys. In check.cpp.
  [[nodiscard]] static Result<void> check(const Config& config,
                                          const daemon::StartOptions& options);
  // Checks everything in the order of docs/operating/start-up.md before it connects.
  [[nodiscard]] static Result<std::unique_ptr<Server>> start(const Config& config,
                                                             const daemon::StartOptions& options);

  // Until SIGINT or SIGTERM, or an error after which the process must not go on.
  [[nodiscard]] Result<void> run(const daemon::Life<Config>& life);

  Result<text::Json> pairs_json();
  [[nodiscard]] Result<std::string> status_json();

 private:
  Server(Config config, daemon::AdminSocket admin, std::unique_ptr<Engine> engine);

  Result<void> open_sockets(const crypto::PrivateKey& transport_key,
                            const crypto::PrivateKey& local_key);
  void admit_applications();
  // By the id that the transport authenticated; nullptr where it is no application's any more.
  [[nodiscard]] const Application* application_of(std::string_view user_id) const;
  // Whether a signal said to stop.
  Result<bool> take_signals(const daemon::Life<Config>& life);
  Result<daemon::Reloaded> take_over(const Config& fresh);
  Result<void> drain();
  Result<void> turn();
  Result<void> take_turn();
  Result<void> start_over(const Error& why);
  Result<void> despite_full_disk(const std::function<Result<void>()>& work);
  void take_link_events();
  void reconnect_when_due();
  Result<void> receive_from_hub();
  Result<void> receive_local();
  // Whether its connection is one too many of its key.
  bool is_surplus(const zmq::Received& received);
  void warn_of_strangers();
  void warn_of_subscribers(const zmq::PublisherCounters& cut);
  Result<void> receive_admin();
  Result<daemon::Reloaded> reload(const daemon::Life<Config>& life);
  void send_admin(const std::string& routing_id, const v1::AdminReply& reply);
  void answer_entries();
  void step_backup();
  void tell_vitals();
  Result<void> ask_witness();
  void send();
  void send_replies();
  [[nodiscard]] text::Json queues_json(const OutboxCounts& outbox, const OutboxShare& share,
                                       std::uint64_t deferred);

  Config config_;
  std::unique_ptr<Engine> engine_;
  daemon::DiskWatch disk_;
  log::Limiter refused_frames_;
  zmq::PublisherCounters subscribers_told_;  // As far as the log knows.
  std::uint64_t strangers_told_ = 0;         // Refused handshakes that the log knows of.
  std::uint64_t surplus_cut_count_ = 0;
  std::uint64_t replies_unsent_count_ = 0;
  // Of applications, that have spoken, by routing id.
  std::map<std::string, std::string> keys_of_connections_;
  bool connected_ = false;  // To the hub.
  std::optional<SteadyTime> reconnect_at_;
  Backoff backoff_;
  SteadyTime link_news_at_{};  // Of the newest event of the link.
  WakingClock waking_;
  WakingClock::Time hub_heard_at_{};
  daemon::BackupJob backup_;
  std::vector<daemon::Asker> reload_askers_;
  // Who waits for what the hub says of an entry, by its notice id.
  std::multimap<std::string, daemon::Asker> entry_askers_;
  std::unique_ptr<daemon::Vitals> vitals_;
  std::unique_ptr<HttpWitness> http_witness_;
  std::unique_ptr<Hooks> hooks_;
  struct HttpAnswer {
    std::shared_ptr<HttpWitness::Asked> asked;
    WitnessAnswer answer;
  };
  std::vector<HttpAnswer> http_answers_;  // Of this turn, which is not committed yet.

  // The context outlives its sockets: order matters.
  std::unique_ptr<zmq::Context> context_;
  std::unique_ptr<zmq::ZapHandler> zap_;
  std::unique_ptr<zmq::Dealer> hub_;
  std::unique_ptr<zmq::Router> local_;
  std::string local_key_;  // Its public half, for clients: 64 digits.
  std::unique_ptr<zmq::Router> admin_;
  std::optional<Feed> feed_;  // Where the configuration has one.
};

}  // namespace chancery::node
