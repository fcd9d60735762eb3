#include "cli/bench/sink_member.h"

#include <utility>

#include "core/base/encoding.h"
#include "core/base/version.h"
#include "core/exchange/completeness.h"
#include "core/exchange/limits.h"
#include "core/exchange/strict.h"
#include "core/exchange/witnesses.h"
#include "daemon/keys.h"
#include "io/log/log.h"
#include "io/os/clock.h"
#include "io/os/random.h"

namespace chancery::cli::bench {
namespace {

constexpr std::size_t kSinkReceivedPerTurnMax = 64;
constexpr std::chrono::seconds kPingEvery{5};  // As a node does.
constexpr std::chrono::milliseconds kSinkReconnectIn{250};
constexpr std::chrono::seconds kHandshakeMax{30};  // Of all members at once.
constexpr std::uint64_t kUsPerSecond = 1'000'000;

node::LinkPosition at_the_beginning(const Hash& genesis) {
  node::LinkPosition position;
  position.followed_root = exchange::LogFollower(genesis).tree().root();
  return position;
}

}  // namespace

Result<std::unique_ptr<SinkMember>> SinkMember::connect(zmq::Context& context,
                                                        const node::Config& config, SinkLog& log) {
  CHANCERY_TRY(std::unique_ptr<crypto::Signer> witness, daemon::read_signer_if(config.witness_key));
  CHANCERY_TRY(const crypto::PrivateKey transport_key,
               daemon::read_private_key(config.transport_key, crypto::Algorithm::kX25519));
  CHANCERY_TRY(std::vector<crypto::PrivateKey> sealing_keys,
               daemon::read_private_keys(config.sealing_keys, crypto::Algorithm::kX25519));
  CHANCERY_TRY(zmq::Dealer hub,
               zmq::Dealer::connect(context, {.endpoint = config.hub,
                                              .own = daemon::curve_pair(transport_key),
                                              .server_public = daemon::curve_key(config.hub_key),
                                              .frame_bytes_max = 2 * exchange::kFrameBytesMax,
                                              .handshake_max = kHandshakeMax}));
  return std::unique_ptr<SinkMember>(new SinkMember(
      config, log, exchange::Opener(std::move(sealing_keys)), std::move(witness), std::move(hub)));
}

SinkMember::SinkMember(const node::Config& config, SinkLog& log, exchange::Opener opener,
                       std::unique_ptr<crypto::Signer> witness, zmq::Dealer hub)
    : member_(config.member),
      log_(log),
      opener_(std::move(opener)),
      witness_(std::move(witness)),
      hub_(std::move(hub)),
      link_({.genesis = config.genesis,
             .program = "chancery bench " + std::string(kVersion),
             .instance = os::random_bytes(exchange::kInstanceBytes)},
            at_the_beginning(config.genesis)) {}

Result<void> SinkMember::turn(Time now) {
  while (const std::optional<zmq::LinkEvent> event = hub_.next_event()) {
    take_event(*event, now);
  }
  for (std::size_t i = 0; i < kSinkReceivedPerTurnMax; ++i) {
    const std::optional<std::vector<std::string>> frames = hub_.receive();
    if (!frames.has_value()) {
      break;
    }
    CHANCERY_TRY_VOID(take(*frames));
  }
  CHANCERY_TRY_VOID(answer_round());
  keep_alive(now);
  send();
  return refused_.has_value() ? Result<void>(std::unexpected(*refused_)) : Result<void>{};
}

void SinkMember::take_event(const zmq::LinkEvent& event, Time now) {
  if (event.state == zmq::LinkState::kConnected) {
    link_.connected();
    ping_at_ = now + kPingEvery;
  } else if (event.state == zmq::LinkState::kRefused) {
    refused_ = Error{ErrorCode::kUnknownKey, member_ + ": the hub refused the transport key"};
  } else {
    link_.disconnected();
  }
  if (event.final) {
    reconnect_at_ = now + kSinkReconnectIn;
  }
}

Result<void> SinkMember::take(const std::vector<std::string>& frames) {
  if (frames.size() != 2) {
    return fail(ErrorCode::kMalformed, member_ + ": not topic and message");
  }
  CHANCERY_TRY(v1::DownMessage message,
               exchange::parse_wire<v1::DownMessage>(frames[1], exchange::Reading::kStrict,
                                                     {.bytes_max = 2 * exchange::kFrameBytesMax}));
  switch (message.message_case()) {
    case v1::DownMessage::kBatches:
      return take_batches(std::move(*message.mutable_batches()));
    case v1::DownMessage::kDeliver:
      link_.deliver(std::move(*message.mutable_deliver()));
      take_deliveries();
      return {};
    case v1::DownMessage::kRound:
      round_ = std::move(*message.mutable_round());
      return {};
    case v1::DownMessage::kDamaged:
      return fail(ErrorCode::kStoreDamaged, member_ + ": the hub lacks what it logged");
    default:
      break;
  }
  const Result<void> good = link_.control(message);
  return good.has_value() || good.error().code == ErrorCode::kGap ? Result<void>{}  // Greeted anew.
                                                                  : good;
}

Result<void> SinkMember::take_batches(v1::Batches batches) {
  for (const v1::LogBatch& batch : link_.batches(std::move(batches))) {
    CHANCERY_TRY(const SinkLog::Batch followed, log_.take(batch));
    link_.followed(followed.size, followed.root, followed.checkpoint);
  }
  take_deliveries();
  return {};
}

void SinkMember::take_deliveries() {
  for (const exchange::Lane lane : exchange::kLanes) {
    while (std::optional<v1::Delivery> delivery = link_.take_delivery(lane)) {
      const std::uint64_t index = delivery->index();
      judge(lane, *std::move(delivery));
      link_.stored(lane, index);
    }
  }
}

// What is not good is missing at the end: the log line says why.
void SinkMember::judge(exchange::Lane lane, v1::Delivery delivery) {
  const std::uint64_t index = delivery.index();
  const ledger::Leaf& leaf = log_.leaf(index);
  const node::Arrival& arrival = arrival_;
  node::judge_delivery_into(arrival_, index, std::move(*delivery.mutable_envelope()), leaf, member_,
                            log_.directory(), opener_, log_.cache());
  const auto refuse = [&](const std::string& why) {
    log::error("not-good", {{"member", member_}, {"index", index}, {"why", why}});
  };
  if (arrival.verdict != node::Verdict::kGood || !arrival.envelope.has_value()) {
    return refuse(arrival.error.value_or(Error{ErrorCode::kInternal, ""}).to_string());
  }
  const v1::Draft& draft = arrival.envelope->draft;
  if (leaf.directory != log_.directory().root() || lane != exchange::lane_of(draft.precedence())) {
    return refuse("it is of another directory, or came in another lane");
  }
  if (arrival.own || draft.kind() == exchange::kStatementKind) {
    return;
  }
  const Result<const Received*> received = log_.read(*arrival.envelope, arrival.text);
  if (!received.has_value()) {
    return refuse(received.error().to_string());
  }
  received_.push_back(**received);
  received_.back().arrived_us = os::unix_us();
}

// As a node's witness does, but that what it cosigned is forgotten with the process.
Result<void> SinkMember::answer_round() {
  if (!round_.has_value() || witness_ == nullptr || !log_.directory().founded()) {
    return {};
  }
  const std::vector<ledger::NoteKey> log_keys = log_.directory().log_keys();
  CHANCERY_TRY(
      const node::WitnessDecision decision,
      node::judge_request(round_->request(),
                          {.origin = log_keys.back().name,
                           .log_keys = log_keys,
                           .last = cosigned_,
                           .followed_size = link_.position().followed_size,
                           .root_at = [this](std::uint64_t size) -> Result<std::optional<Hash>> {
                             return log_.root_at(size);
                           },
                           .now_s = os::unix_us() / kUsPerSecond}));
  if (decision.mismatch.has_value()) {
    return std::unexpected(*decision.mismatch);
  }
  if (decision.step == node::WitnessStep::kWait) {
    return {};
  }
  node::WitnessAnswer given = decision.answer;
  if (decision.step == node::WitnessStep::kCosign) {
    cosigned_ = decision.next;
    CHANCERY_TRY(const std::string signature, witness_->sign(as_bytes(decision.message)));
    const std::string name =
        exchange::witness_name(log_.directory().roster().hub().origin_line(), member_);
    given = node::cosigned_answer(
        decision, {.name = name, .type = ledger::kNoteCosignature, .key = witness_->public_key()},
        as_bytes(signature));
  }
  v1::Answer answer;
  answer.set_round(round_->round());
  answer.set_status(given.status);
  answer.set_text(given.text);
  link_.answer(answer);
  round_.reset();
  return {};
}

void SinkMember::keep_alive(Time now) {
  if (reconnect_at_.has_value() && now >= *reconnect_at_) {
    const Result<void> again = hub_.reconnect();
    reconnect_at_ = again.has_value() ? std::nullopt : std::optional(now + kSinkReconnectIn);
  }
  if (now < ping_at_) {
    return;
  }
  ping_at_ = now + kPingEvery;
  if (link_.phase() == node::LinkPhase::kUp) {
    link_.ping(++pings_);
  } else if (link_.phase() == node::LinkPhase::kGreeting) {
    link_.connected();  // The Hello, or its answer, was lost.
  }
}

void SinkMember::send() {
  for (std::string& message : link_.take_outgoing()) {
    if (!hub_.send({std::move(message)}).has_value()) {
      link_.unsent();  // With the next Ping it is made up for.
      return;
    }
  }
}

}  // namespace chancery::cli::bench
