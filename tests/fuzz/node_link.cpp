// What a hub says to a node, in any order, with what the node does in between: connect, follow,
// take, store, ask again, submit.
//
// Holds: everything that the node says is strict; no more is held than the credits that it gave;
// deliveries come out once each, in order, and behind what was followed; an alarm is for good.

#include <array>

#include "core/exchange/limits.h"
#include "core/exchange/strict.h"
#include "node/core/link.h"
#include "tests/fuzz/input.h"

namespace chancery::fuzz {
namespace {

constexpr std::size_t kStepsMax = 64;
constexpr std::uint64_t kCreditItems = 3;

class Node {
 public:
  void step(Input& input) {
    const bool alarmed = link_.phase() == node::LinkPhase::kAlarm;
    switch (input.choice(9)) {
      case 0:
        link_.connected();
        after_ = link_.position().cursors;
        break;
      case 1:
        link_.disconnected();
        break;
      case 2:
      case 3:
        frame(input.chunk());
        break;
      case 4:
        take(input.choice(3));
        break;
      case 5:
        link_.ping(input.number());
        break;
      case 6:
        link_.submit({{.envelope = std::string(input.chunk()), .previous_us = input.byte()},
                      {.envelope = std::string(input.chunk()), .previous_us = 0}});
        break;
      case 7:
        link_.unsent();
        (void)link_.take_resend();
        break;
      default:
        welcome(input.byte());
    }
    CHANCERY_CHECK(link_.held_count() <= 2 * kCreditItems);
    CHANCERY_CHECK(!alarmed || link_.phase() == node::LinkPhase::kAlarm);
    for (const std::string& said : link_.take_outgoing()) {
      CHANCERY_CHECK(exchange::parse_wire<v1::UpMessage>(said).has_value());
    }
  }

 private:
  // Honest, of a log that is so much longer than what was followed.
  void welcome(std::uint64_t more) {
    v1::DownMessage message;
    message.mutable_welcome()->set_genesis(to_string(Hash{1}));
    message.mutable_welcome()->mutable_head()->set_size(link_.position().followed_size + more);
    message.mutable_welcome()->mutable_head()->set_root(to_string(link_.position().followed_root));
    (void)link_.control(message);
  }

  void frame(std::string_view bytes) {
    const auto message = exchange::parse_wire<v1::DownMessage>(
        bytes, exchange::Reading::kStrict, {.bytes_max = exchange::kUpFrameBytesMax});
    if (!message.has_value()) {
      return;
    }
    if (message->has_batches()) {
      follow(message->batches());
    } else if (message->has_deliver()) {
      link_.deliver(message->deliver());
    } else {
      (void)link_.control(*message);
      for (const exchange::Lane lane : exchange::kLanes) {
        after_[lane] = std::min(after_[lane], link_.position().cursors[lane]);  // Greeted again.
      }
    }
  }

  // As if each batch were good.
  void follow(const v1::Batches& batches) {
    for (const v1::LogBatch& batch : link_.batches(batches)) {
      CHANCERY_CHECK(batch.first_index() == link_.position().followed_size);
      link_.followed(batch.first_index() + batch.entries().size() / Hash{}.size(), Hash{2},
                     batch.checkpoint());
    }
  }

  void take(std::size_t outcome) {
    exchange::Lane lane = exchange::Lane::kUrgent;
    std::optional<v1::Delivery> held = link_.take_delivery(lane);
    if (!held.has_value()) {
      lane = exchange::Lane::kPatient;
      held = link_.take_delivery(lane);
    }
    if (!held.has_value()) {
      return;
    }
    const std::uint64_t index = held->index();
    std::uint64_t& after = after_[lane];
    CHANCERY_CHECK(index >= after);
    CHANCERY_CHECK(index < link_.position().followed_size);
    if (outcome == 0) {
      link_.refetch(lane, index);
      after = index;
      return;
    }
    after = index + 1;
    if (outcome == 1) {
      link_.stored(lane, index);
      CHANCERY_CHECK(link_.position().cursors[lane] > index);
    }
  }

  node::Link link_{{.genesis = Hash{1},
                    .program = "node",
                    .windows = {.patient = {.items = kCreditItems, .bytes = 256},
                                .urgent = {.items = kCreditItems, .bytes = 256}}},
                   {.followed_size = 7,
                    .followed_root = Hash{2},
                    .checkpoint = {},
                    .cursors = {.patient = 3, .urgent = 3}}};
  // The next delivery of a lane is here or later.
  exchange::PerLane<std::uint64_t> after_{.patient = 3, .urgent = 3};
};

}  // namespace
}  // namespace chancery::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chancery::fuzz::Input input(data, size);
  chancery::fuzz::Node node;
  for (std::size_t i = 0; i < chancery::fuzz::kStepsMax && !input.empty(); ++i) {
    node.step(input);
  }
  return 0;
}
