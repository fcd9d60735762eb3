// The node as a process: the link to the hub, the local API, the store and the keys around the pure
// parts in node/core.
//
// One thread owns everything but the ZAP handler's table. Each turn of the loop takes what arrived
// from the hub and from applications, follows the log, judges and stores deliveries, signs what the
// batch rule lets go, commits once, and only then sends: credits, envelopes, answers. Where a
// commit fails, run() ends with the error and the process with it. See docs/internals/node.md.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/crypto/signer.h"
#include "core/exchange/batch_signature.h"
#include "core/exchange/log_follower.h"
#include "core/exchange/seal.h"
#include "io/os/signals.h"
#include "io/zmq/context.h"
#include "io/zmq/dealer.h"
#include "io/zmq/router.h"
#include "io/zmq/zap.h"
#include "node/config.h"
#include "node/core/link.h"
#include "node/core/stamping.h"
#include "node/local_api.h"
#include "node/store/node_store.h"

namespace chancery::node {

class Server {
 public:
  // Whether start() would come as far as listening, as far as that can be told without making or
  // changing anything: keys, places, the store and the enrolment of its keys. In check.cpp.
  [[nodiscard]] static Result<void> check(const Config& config);
  // Checks everything in order (keys, store, local admission) before it connects.
  [[nodiscard]] static Result<std::unique_ptr<Server>> start(const Config& config);

  // Until SIGINT or SIGTERM, or an error after which the process must not go on.
  [[nodiscard]] Result<void> run(os::SignalFd& signals);

  [[nodiscard]] Result<std::string> status_json();

 private:
  static constexpr std::chrono::milliseconds kIdleWait{100};
  static constexpr std::size_t kReceivedPerTurnMax = 256;
  static constexpr std::chrono::milliseconds kRestampMin{250};
  static constexpr std::chrono::milliseconds kRestampMax{60'000};

  Server(Config config, std::unique_ptr<NodeStore> store, NodeState state,
         std::unique_ptr<crypto::Signer> signer, exchange::Opener opener);

  Result<void> open_sockets(const crypto::PrivateKey& transport_key,
                            const crypto::PrivateKey& local_key);
  Result<void> turn();
  Result<void> write();  // Begins the turn's transaction where none is open.

  // What comes from the hub: from_hub.cpp.
  void take_link_events();
  Result<void> receive_from_hub();
  Result<void> take_message(const std::string& topic, std::string_view bytes);
  Result<void> take_batches(v1::Batches batches);
  Result<void> take_deliveries();
  // Other bytes than were logged: true where they were put aside, to fetch what was.
  Result<bool> put_aside(Arrival& arrival);
  // What an alarm was raised for, to be kept with the arrival.
  Result<std::optional<Error>> check_what_it_saw(const exchange::Envelope& envelope,
                                                 std::uint64_t index);
  Result<void> take_own(const Arrival& arrival, const ledger::Leaf& leaf);
  Result<void> take_accepted(const v1::Accepted& accepted);
  Result<void> take_refused(const v1::Refused& refused);
  Result<bool> is_early(const v1::RefusedItem& item, ErrorCode code);
  Result<exchange::Directory> directory_at(std::uint64_t index);

  std::vector<SignedSet> sign(const StampedBatch& batch);
  Result<void> sign_and_submit();
  Result<void> resend_when_due();
  Result<void> receive_local();
  Result<void> receive_admin();
  void send();
  void raise_alarm(const Error& error);  // The first one stands.
  void stop_following(const Error& why);
  [[nodiscard]] LocalContext local_context() const;

  Config config_;
  std::unique_ptr<NodeStore> store_;
  std::unique_ptr<crypto::Signer> signer_;
  exchange::Opener opener_;
  exchange::RootCache cache_;
  exchange::LogFollower follower_;
  DirectoryHistory history_;
  Link link_;
  LocalApi local_api_;
  std::optional<Error> alarm_;
  std::string last_fault_;

  std::uint64_t created_at_us_;
  bool outbox_changed_ = true;  // Something may be waiting to be signed.
  bool in_step_ = false;        // Followed to where the hub was at its welcome.
  News news_;                   // What waiting applications may want to know.
  SteadyTime sign_not_before_{};
  std::chrono::milliseconds restamp_delay_ = kRestampMin;  // Doubles until something is logged.
  std::optional<SteadyTime> resend_at_;
  std::optional<SteadyTime> reconnect_at_;
  SteadyTime ping_at_{};

  // The context outlives its sockets: order matters.
  std::unique_ptr<zmq::Context> context_;
  std::unique_ptr<zmq::ZapHandler> zap_;
  std::unique_ptr<zmq::Dealer> hub_;
  std::unique_ptr<zmq::Router> local_;
  std::unique_ptr<zmq::Router> admin_;
};

}  // namespace chancery::node
