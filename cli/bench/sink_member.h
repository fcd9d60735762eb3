// One member of a sink: its link to the hub, and what came over it. sink.h.

#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "chancery/v1/link.pb.h"
#include "cli/bench/received.h"
#include "cli/bench/sink_log.h"
#include "core/base/result.h"
#include "core/crypto/signer.h"
#include "core/exchange/seal.h"
#include "io/zmq/context.h"
#include "io/zmq/dealer.h"
#include "node/config.h"
#include "node/core/intake.h"
#include "node/core/link.h"
#include "node/core/witness.h"

namespace chancery::cli::bench {

class SinkMember {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // What reading keys fails with. `log` has to outlive it.
  [[nodiscard]] static Result<std::unique_ptr<SinkMember>> connect(zmq::Context& context,
                                                                   const node::Config& config,
                                                                   SinkLog& log);

  // What came, what is due, and what is to be sent. An error is a hub that this member refuses, or
  // that refuses it.
  [[nodiscard]] Result<void> turn(Time now);

  [[nodiscard]] const zmq::Dealer& hub() const { return hub_; }
  [[nodiscard]] const std::vector<Received>& received() const { return received_; }
  // The hub has nothing that this member did not follow.
  [[nodiscard]] bool in_step() const {
    return link_.phase() == node::LinkPhase::kUp &&
           link_.position().followed_size >= link_.hub_size();
  }

 private:
  SinkMember(const node::Config& config, SinkLog& log, exchange::Opener opener,
             std::unique_ptr<crypto::Signer> witness, zmq::Dealer hub);

  void take_event(const zmq::LinkEvent& event, Time now);
  Result<void> take(const std::vector<std::string>& frames);
  Result<void> take_batches(v1::Batches batches);
  void take_deliveries();
  void judge(exchange::Lane lane, v1::Delivery delivery);
  Result<void> answer_round();
  void keep_alive(Time now);
  void send();

  std::string member_;
  SinkLog& log_;
  exchange::Opener opener_;
  node::Arrival arrival_;  // Of which the next one uses the memory.
  std::unique_ptr<crypto::Signer> witness_;
  zmq::Dealer hub_;
  node::Link link_;
  std::optional<v1::Round> round_;  // Until it is answered.
  node::WitnessState cosigned_{};
  std::vector<Received> received_;
  std::optional<Error> refused_;
  std::uint64_t pings_ = 0;
  Time ping_at_{};
  std::optional<Time> reconnect_at_;
};

}  // namespace chancery::cli::bench
